"""A small installation for these tests: two clinics, a protocol with every kind of step, a store, a clock."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import sqlalchemy as sa

from scheduler.channels.base import ChannelTransport
from scheduler.channels.registry import open_transports
from scheduler.clock import Clock, FixedClock
from scheduler.content.templates import Texts
from scheduler.domain.outgoing import Outgoing
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.protocols.approvals import Approvals
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import load
from scheduler.runtime.passes import one_pass
from scheduler.services.dispatch import Dispatcher
from scheduler.services.happening import Happening
from scheduler.services.inbound import Replies
from scheduler.services.intake import Field, Registration, read_registration
from scheduler.services.leases import LEASE
from scheduler.services.links import Links
from scheduler.services.preparing import Prepared, Preparer
from scheduler.services.registration import Registered, Registrar
from scheduler.services.timeline import TimelineMessage, timeline
from scheduler.settings import Settings
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.claims import claim_due
from scheduler.store.consents import ledgers_of
from scheduler.store.database import Store
from scheduler.store.messages import Message, messages_of
from scheduler.store.outbox import keep
from scheduler.store.patients import Patient, get_patient
from scheduler.store.plan_tables import versions

CONFIG = Path(__file__).parent / "given" / "config"
SHIPPED = Path(__file__).parents[2] / "templates"
WORDS = Lexicons(Path(__file__).parents[2] / "config")
"""What replies are read by: the shipped words."""

REGISTERED = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
VISIT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)
"""Ten in the morning in Toronto, in summer time; the visit takes an hour."""

# When the steps of that visit are due: given/config/protocols/peel.yaml, by hand.
PREPARE = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
FIRST_HOURS = datetime(2026, 3, 18, 17, 0, tzinfo=UTC)
NEXT_DAY = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
CHECK = datetime(2026, 3, 20, 14, 0, tzinfo=UTC)
TIPS = datetime(2026, 3, 21, 14, 0, tzinfo=UTC)
REBOOK = datetime(2026, 4, 15, 15, 0, tzinfo=UTC)
OFFER = datetime(2026, 4, 29, 15, 0, tzinfo=UTC)

SMS, EMAIL = Channel.SMS, Channel.EMAIL
PHONE, MAIL = "+14165550123", "zoe@patients.example"

ZOE: Mapping[Field, str] = {
    Field.NAME: "Zoë Lachance",
    Field.PHONE: PHONE,
    Field.EMAIL: MAIL,
    Field.STARTS_AT: VISIT.isoformat(),
}
"""What is registered unless a test says otherwise."""


class Everything(frozenset[tuple[str, str]]):
    """Has whatever it is asked for."""

    def __contains__(self, _pair: object) -> bool:
        return True


APPROVED = Approvals(steps=Everything(), texts=Everything())
"""Whatever these tests send is approved, in whatever words: test_approval has what is not."""


@cache
def configuration() -> Configuration:
    return replace(load(CONFIG), approvals=APPROVED)


@cache
def unattended() -> Configuration:
    """Return the configuration with nobody on call: faults that a test brings about put no rings into its counts."""
    known = configuration()
    return replace(known, clinics={name: replace(it, on_call=()) for name, it in known.clinics.items()})


@dataclass
class House:
    """The parts put together as the command line does; `passes` are what `aftercare dispatch` is."""

    store: Store
    settings: Settings
    texts_dir: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(REGISTERED))
    configuration: Configuration = field(default_factory=unattended)
    happenings: list[Happening] = field(default_factory=list)

    def registration(self, *, clinic: str = "north", treatment: str = "peel", **more: str) -> Registration:
        """Read what was said of Zoë, with changes by field name."""
        said = {**ZOE, **{Field(key): value for key, value in more.items()}}
        return read_registration(said, self.configuration.clinic(clinic), treatment)

    def enter(self, registration: Registration, *, follow: bool = False) -> Registered:
        """Take a registration into the store."""
        with self.store.write() as tx:
            return self.registrar(follow=follow).register(tx, registration)

    def register(self, *, clinic: str = "north", treatment: str = "peel", **more: str) -> int:
        """Register Zoë with changes; return the appointment."""
        done = self.enter(self.registration(clinic=clinic, treatment=treatment, **more))
        assert done.appointment is not None
        return done.appointment

    def registrar(self, *, follow: bool = False) -> Registrar:
        return Registrar(self.configuration, self.clock, by="test", follow=follow)

    def on(self, store: Store) -> "House":
        """Return the same installation over another connection."""
        return replace(self, store=store, happenings=[])

    def claim(self, owner: str, *, limit: int = 100) -> list[int]:
        """Claim what is due, as an engine does first."""
        with self.store.write() as tx:
            return claim_due(tx, now=self.clock.now(), limit=limit, lease=LEASE, owner=owner)

    def decide(self, owner: str, ids: Sequence[int]) -> Prepared:
        """Decide and render what was claimed, as an engine does next."""
        preparer = Preparer(self.store, self.configuration, Texts(self.texts_dir), self.links, owner)
        return preparer.prepare(ids, now=self.clock.now())

    def prepare(self, owner: str, ids: Sequence[int]) -> Prepared:
        """Decide, and begin what goes out."""
        prepared = self.decide(owner, ids)
        sender = self.dispatcher(owner).sender()
        return Prepared(sender.begin(prepared.letters), prepared.settled)

    @property
    def links(self) -> Links:
        return Links(self.settings.public_url, self.store.vault)

    def dispatcher(
        self, owner: str = "engine", transports: Mapping[Channel, ChannelTransport] | None = None
    ) -> Dispatcher:
        return Dispatcher(
            store=self.store,
            configuration=self.configuration,
            texts=Texts(self.texts_dir),
            links=self.links,
            transports=transports or self.transports(),
            clock=self.clock,
            owner=owner,
            rng=Random(1),
            watch=self.happenings.append,
            replies=self.replies(owner),
        )

    def replies(self, by: str = "engine") -> Replies:
        """Return what handles the texts that came in."""
        return Replies(self.store, self.configuration, WORDS, self.clock, by)

    def transports(self, clock: Clock | None = None) -> Mapping[Channel, ChannelTransport]:
        return open_transports(self.settings, clock=clock or self.clock, keep=self._keep, emails_at_once=8)

    def dispatch(self, at: datetime, transports: Mapping[Channel, ChannelTransport] | None = None) -> dict[str, int]:
        """Send all that is due at that instant; return the counts that are not zero."""
        self.clock.move_to(at)
        counts = asyncio.run(one_pass(self.dispatcher(transports=transports))).counts
        return {word: count for word, count in counts.items() if count}

    def messages(self, appointment: int) -> dict[tuple[str, Channel], Message]:
        """Return the messages by step and channel: of several occurrences the latest that was not cancelled."""
        with self.store.read() as tx:
            found = sorted(messages_of(tx, appointment), key=lambda it: it.status is not Status.CANCELLED)
        return {(it.step, it.channel): it for it in found}

    def message(self, appointment: int, step: str, channel: Channel = SMS) -> Message:
        return self.messages(appointment)[step, channel]

    def statuses(self, appointment: int) -> dict[str, str]:
        """Return where each message stands, by "step channel"."""
        return {f"{step} {channel}": str(it.status) for (step, channel), it in self.messages(appointment).items()}

    def story(self, appointment: int) -> dict[tuple[str, Channel], TimelineMessage]:
        with self.store.read() as tx:
            told = timeline(tx, self.configuration, appointment, now=self.clock.now())
        return {(it.step, it.channel): it for it in told.messages}

    def why(self, appointment: int, step: str, channel: Channel = SMS) -> str:
        return self.story(appointment)[step, channel].reason

    def appointment(self, appointment: int) -> StoredAppointment:
        with self.store.read() as tx:
            return get_appointment(tx, appointment)

    def patient(self, appointment: int) -> Patient:
        with self.store.read() as tx:
            return get_patient(tx, get_appointment(tx, appointment).patient_id)

    def ledger(self, appointment: int) -> dict[tuple[str, str], list[str]]:
        """Return the verdicts by channel and purpose, in the order in which they were written."""
        found: dict[tuple[str, str], list[str]] = {}
        with self.store.read() as tx:
            patient_id = get_appointment(tx, appointment).patient_id
            for entry in ledgers_of(tx, [patient_id])[patient_id]:
                found.setdefault((entry.channel.value, entry.purpose.value), []).append(entry.verdict.value)
        return found

    def forget_versions(self) -> None:
        """Let visits be as those of a program that kept no versions: they go by the files."""
        with self.store.write() as tx:
            tx.connection.execute(sa.delete(versions))

    def _keep(self, _attempt: str, _channel: Channel, outgoing: Outgoing) -> None:
        with self.store.write() as tx:
            keep(tx, outgoing, now=self.clock.now())


def after(instant: datetime, **span: float) -> datetime:
    return instant + timedelta(**span)


def write_texts(folder: Path) -> Path:
    """Write a short text for every step, language and channel, and the shipped ones of notices; return the folder."""
    steps = {step.template for protocol in configuration().protocols.values() for step in protocol.steps}
    for language in ("en", "fr", "es"):
        for step in steps:
            (folder / language / step).mkdir(parents=True)
            text = f"{language} {step} for {{{{ patient.first_name }}}} on {{{{ appointment.date }}}}"
            text += ", {{ clinic.phone }}, {{ clinic.emergency_number }}" if step == "check" else ""
            (folder / language / step / "sms.txt").write_text(f"{text}\n", encoding="utf-8")
            (folder / language / step / "email.md").write_text(
                f"---\nsubject: {language} {step}\npreheader: A word\n---\n{text}\n", encoding="utf-8"
            )
        for notice in (*(SHIPPED / language).glob("alert_*"), *(SHIPPED / language).glob("answer_*")):
            shutil.copytree(notice, folder / language / notice.name)
        (folder / language / "footer.md").write_text("Call us.\n", encoding="utf-8")
        (folder / language / "first_contact.txt").write_text("Reply STOP to end.\n", encoding="utf-8")
    return folder
