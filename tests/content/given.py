"""What the tests of the content start from: a clinic, a protocol, and folders with one text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.content.templates import Texts
from scheduler.content.variables import Variables, variables_for
from scheduler.domain.clinic import Clinic, EmailSender
from scheduler.domain.protocol import Protocol
from scheduler.domain.spans import Span, Unit

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
SENDER = EmailSender("care@lumiere.example", "Clinique Lumière", "desk@lumiere.example")
CLINIC = Clinic(
    id="lumiere",
    name="Clinique Lumière",
    timezone=ZoneInfo("America/Toronto"),
    languages=("en", "fr"),
    country="CA",
    phone="+14165550100",
    emergency_number="911",
    booking_url="https://lumiere.example/book?a=1&b=2",
    sms=None,
    email=SENDER,
)
PROTOCOL = Protocol("microneedling", {"en": "Microneedling"}, Span(60, Unit.MINUTES), (), "digest")


def values(
    name: str = "Sophie Tremblay",
    *,
    clinic: Clinic = CLINIC,
    protocol: Protocol = PROTOCOL,
    language: str = "en",
    first_contact: bool = False,
) -> Variables:
    return variables_for(
        clinic, protocol, patient_name=name, language=language, starts_at=NOW, first_contact=first_contact
    )


def without_booking() -> Clinic:
    return replace(CLINIC, booking_url=None)


def sms_text(folder: Path, text: str, *, step: str = "step", language: str = "en") -> Texts:
    return _written(folder, language, step, "sms.txt", text)


def email_text(
    folder: Path,
    body: str,
    *,
    subject: str = "Hello",
    preheader: str = "A word",
    footer: str = "Bye.",
    step: str = "step",
    language: str = "en",
) -> Texts:
    _written(folder, language, step, "email.md", f"---\nsubject: {subject}\npreheader: {preheader}\n---\n{body}\n")
    (folder / language / "footer.md").write_text(footer, encoding="utf-8")
    return Texts(folder)


def _written(folder: Path, language: str, step: str, name: str, text: str) -> Texts:
    (folder / language / step).mkdir(parents=True, exist_ok=True)
    (folder / language / step / name).write_text(text, encoding="utf-8")
    return Texts(folder)
