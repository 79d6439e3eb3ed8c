"""The values that a message template may use: plain texts, made once per message, clean of anything but text."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from scheduler.content.formats import (
    Lines,
    Link,
    clean,
    day_in_words,
    dialled,
    first_name,
    locale_of,
    moment,
    own,
    phone_of,
    time_of_day,
    web_link,
)
from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import shift
from scheduler.domain.protocol import Between, Channel, Protocol, Purpose

KNOWN: Mapping[str, str] = {
    "patient.first_name": "the patient's first name",
    "patient.name": "the patient's whole name",
    "clinic.name": "the clinic's name",
    "clinic.phone": "the clinic's phone number, as people read it",
    "clinic.phone_link": "the same for a link: [{{ clinic.phone }}]({{ clinic.phone_link }})",
    "clinic.emergency_number": "the emergency number where the clinic is",
    "clinic.emergency_link": "the same for a link",
    "clinic.booking_url": "where to book; may be missing: ask with {% if clinic.booking_url %}",
    "treatment": "the protocol's title; missing in an SMS unless the clinic allows it: ask with {% if treatment %}",
    "appointment.date": "the day of the appointment, in the clinic's time zone and the message's language",
    "appointment.time": "its time of day, with 12 or 24 hours as is usual there",
    "window.from": "the first day on which the next session fits; may be missing: ask with {% if window.from %}",
    "window.to": "the last day on which it fits; may be missing",
    "advice": "the step's advice from advice.yaml, a line each with until when; only in an email's body, as a list",
    "language": "the message's language, such as fr",
    "page_url": "the patient's own page; may be missing: ask with {% if page_url %}",
    "unsubscribe_url": "where one click stops the clinic's emails; may be missing: ask with {% if unsubscribe_url %}",
    "clinic.takes_replies": "yes where a text can be answered, else missing: ask with {% if clinic.takes_replies %}",
    "alert.link": "where staff see what an alert is about, and take it; only in an alert",
    "alert.since": "the day and time since when it holds, in the clinic's time zone; only in an alert",
    "alert.reason": 'the kind of the alert, such as urgent or circuit: {% if alert.reason == "circuit" %}',
}


OF_A_VISIT = ("appointment.date", "appointment.time", "window.from", "window.to")
"""What is said of one visit, and would be wrong of another."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A value that this message does not have: false in an `{% if %}`, an error where it is written out."""

    name: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Variables:
    """All values of one message by their names in `KNOWN`.

    `first_contact`: this clinic never texted this number before, so an SMS also says how to stop and to get help.
    """

    values: Mapping[str, str | Lines | Absent] = field(repr=False)
    sms_may_name_treatment: bool
    first_contact: bool = False

    @property
    def language(self) -> str:
        """The message's language."""
        return str(self.values["language"])

    def with_advice(self, lines: Lines) -> "Variables":
        """Return the values with the advice of one step, or of several; without lines it is missing."""
        return replace(self, values={**self.values, "advice": lines or Absent("advice")})

    def with_treatments(self, words: str) -> "Variables":
        """Return the values with several treatments in words in the place of one."""
        return replace(self, values={**self.values, "treatment": own(words)})

    def with_visit_of(self, other: "Variables") -> "Variables":
        """Return the values with what another message says of its visit: its day and time, and the next session's."""
        return replace(self, values={**self.values, **{name: other.values[name] for name in OF_A_VISIT}})

    def given_to(self, channel: Channel) -> dict[str, str | Lines | Absent]:
        """Return the values for a template of that channel, under their flat names."""
        given = {_FLAT[name]: value for name, value in self.values.items()}
        if channel is Channel.SMS and not self.sms_may_name_treatment:
            given["treatment"] = Absent("treatment")
        return given


def flat(name: str) -> str:
    """Return the name under which a compiled template finds a value: patient.name -> patient_name."""
    return name.replace(".", "_")


_FLAT: Mapping[str, str] = {name: flat(name) for name in KNOWN}


def variables_for(
    clinic: Clinic,
    protocol: Protocol,
    *,
    patient_name: str,
    language: str,
    starts_at: datetime,
    page_url: str | None = None,
    unsubscribe_url: str | None = None,
    first_contact: bool = False,
) -> Variables:
    """Make the values of one message of a step.

    `language` is the one that the message is written in (`Clinic.language_for`), not the patient's wish.
    `starts_at` is the appointment's, aware; it is shown in the clinic's zone. An address that is no http or https
    address is missing in the text. `first_contact` is True where this clinic handed no SMS over to this number yet.
    """
    locale = locale_of(language, clinic.country)
    starts = starts_at.astimezone(clinic.timezone)
    window = next_session_window(protocol, starts.date())
    name = clean(patient_name)
    texts: dict[str, str | None] = {
        "patient.first_name": first_name(name),
        "patient.name": name,
        "treatment": own(title_of(protocol, language)),
        "appointment.date": day_in_words(starts.date(), locale),
        "appointment.time": time_of_day(starts.time(), locale),
        "window.from": day_in_words(window[0], locale) if window else None,
        "window.to": day_in_words(window[1], locale) if window else None,
        "page_url": web_link(page_url),
        "unsubscribe_url": web_link(unsubscribe_url),
    }
    return _variables(clinic, language, texts, first_contact=first_contact)


def notice_variables(
    clinic: Clinic,
    language: str,
    *,
    page_url: str | None = None,
    alert_link: str | None = None,
    alert_since: datetime | None = None,
    alert_reason: str | None = None,
) -> Variables:
    """Make the values of an answer or an alert: nothing of a patient, a visit or a treatment is among them.

    `language` is one of the clinic's. `alert_since` is aware; it is shown in the clinic's zone. `alert_reason` is
    the alert's kind (`AlertKind.value`): the texts say it in words.
    """
    locale = locale_of(language, clinic.country)
    texts: dict[str, str | None] = {
        "page_url": web_link(page_url),
        "alert.link": web_link(alert_link),
        "alert.since": moment(alert_since.astimezone(clinic.timezone), locale) if alert_since else None,
        "alert.reason": own(alert_reason) if alert_reason else None,
    }
    return _variables(clinic, language, texts)


def _variables(
    clinic: Clinic, language: str, texts: Mapping[str, str | None], *, first_contact: bool = False
) -> Variables:
    """Join a message's own values with its clinic's; what neither has is absent."""
    given = {**_of_clinic(clinic), **texts, "language": language}
    values: dict[str, str | Lines | Absent] = {
        name: Absent(name) if (text := given.get(name)) is None else text for name in KNOWN
    }
    return Variables(values, clinic.sms_may_name_treatment, first_contact)


def _of_clinic(clinic: Clinic) -> dict[str, str | None]:
    shown, number = phone_of(clinic.phone)
    return {
        "clinic.name": own(clinic.name),
        "clinic.phone": shown,
        "clinic.phone_link": Link(f"tel:{number}"),
        "clinic.emergency_number": own(clinic.emergency_number),
        "clinic.emergency_link": Link(f"tel:{dialled(clinic.emergency_number)}"),
        "clinic.booking_url": web_link(clinic.booking_url),
        "clinic.takes_replies": "yes" if clinic.sms and not clinic.sms.one_way else None,
    }


def title_of(protocol: Protocol, language: str) -> str:
    """Return the treatment's name in a language, else in any."""
    return protocol.title.get(language) or next(iter(protocol.title.values()), protocol.treatment)


def next_session_window(protocol: Protocol, day: date) -> tuple[date, date] | None:
    """Return the days between which the next session fits: the first range of the protocol's recall steps."""
    for step in protocol.steps:
        if step.purpose is Purpose.RECALL and isinstance(step.timing, Between):
            return shift(day, step.timing.start), shift(day, step.timing.end)
    return None
