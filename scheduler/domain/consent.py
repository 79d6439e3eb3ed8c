"""The consent ledger: which entries allow a message, and which ones a registration adds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.reasons import Reason, because


class Source(StrEnum):
    """Where a line of the ledger, or a stop, comes from."""

    REGISTRATION = "registration"
    """It came with an appointment: what a booking system heard once, and repeats."""
    REPLY = "reply"
    """The patient wrote it."""
    PAGE = "page"
    """The patient chose it on the page behind a link."""
    UNSUBSCRIBE = "unsubscribe"
    """Somebody who has the mailbox used the unsubscribe link of an email."""
    PROVIDER = "provider"
    """The provider says that the address has opted out."""
    STAFF = "staff"
    """The patient told the clinic, and a person entered it."""
    WRONG_NUMBER = "wrong_number"
    """Whoever has the number is not the patient: nobody said anything about the patient's consent."""
    BOUNCE = "bounce"
    """The mailbox does not exist any more: nobody said anything."""
    ERASED = "erased"
    """The data of whoever had the address were erased: nobody writes there again."""

    @property
    def is_said(self) -> bool:
        """Whether it says what a person wants; else only the address is at fault."""
        return self not in (Source.WRONG_NUMBER, Source.BOUNCE, Source.ERASED)


REGISTRATION = Source.REGISTRATION.value
"""The `source` of what came with an appointment."""


class Answer(StrEnum):
    """What a clinic's system says about a consent."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What an entry of the ledger says; the assumed ones yield to any other."""

    GRANTED = "granted"
    REVOKED = "revoked"
    ASSUMED_GRANTED = "assumed_granted"
    ASSUMED_REFUSED = "assumed_refused"

    @property
    def assumed(self) -> bool:
        """Whether nobody said so: the clinic's setting was taken."""
        return self in (Verdict.ASSUMED_GRANTED, Verdict.ASSUMED_REFUSED)

    @property
    def allows(self) -> bool:
        """Whether a message may be sent on it."""
        return self in (Verdict.GRANTED, Verdict.ASSUMED_GRANTED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a patient's ledger, never changed; `at` is aware UTC, `source` says where it came from."""

    channel: Channel
    purpose: Purpose
    verdict: Verdict
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The consents that came with an appointment: one per channel, and one for marketing."""

    sms: Answer = Answer.UNKNOWN
    email: Answer = Answer.UNKNOWN
    marketing: Answer = Answer.UNKNOWN


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a channel may be used for a purpose; `refused` says why not and is None where it may."""

    refused: Reason | None = None

    @property
    def given(self) -> bool:
        """Whether the message may be sent."""
        return self.refused is None


_CODES: Mapping[str, str] = {
    Source.WRONG_NUMBER: "not_theirs",
    Source.BOUNCE: "address_gone",
    Source.ERASED: "address_erased",
}


def consent_for(
    channel: Channel,
    purpose: Purpose,
    ledger: Iterable[Entry],
    *,
    stopped: bool,
    when_unknown: Mapping[Purpose, bool],
    stop_source: str = "",
) -> Consent:
    """Decide whether a message of that purpose may go out on that channel.

    1. `stopped`, a stop of the address itself, wins over everything; no registration lifts it. `stop_source` says
       where it came from: not every one is the patient's word.
    2. The latest entry that somebody made wins over what was assumed, whenever that was.
    3. Else the latest assumption, else the clinic's `when_unknown` for the purpose; a purpose not in it is refused.
    """
    if stopped:
        return Consent(because(_CODES.get(stop_source, "stopped"), address=address_of(channel)))
    entry = valid_entry(ledger, channel, purpose)
    if entry.verdict.allows if entry else when_unknown.get(purpose, False):
        return Consent()
    code = "consent_refused" if entry and not entry.verdict.assumed else "consent_unknown"
    return Consent(because(code, purpose=purpose.value, channel=channel.value))


def entries_at_registration(
    answers: Answers, ledger: Iterable[Entry], *, at: datetime, when_unknown: Mapping[Purpose, bool]
) -> tuple[Entry, ...]:
    """Return the entries that a registration adds to a patient's `ledger`; registering the same again adds none.

    Care and recall follow the channel's answer; marketing needs the channel's and its own. An unknown is entered
    as assumed, and only where the ledger says nothing. A yes never lifts a revocation that came from elsewhere:
    a booking system repeats what it once heard.
    """
    known = tuple(ledger)
    return tuple(
        Entry(channel, purpose, verdict, at, REGISTRATION)
        for channel, purpose, answer in _answered(answers)
        if _adds(
            valid_entry(known, channel, purpose),
            verdict := _verdict(answer, assumed=when_unknown.get(purpose, False)),
        )
    )


def address_of(channel: Channel) -> str:
    """What a channel's address is called in a sentence."""
    return {Channel.SMS: "phone number", Channel.EMAIL: "email address"}[channel]


def valid_entry(ledger: Iterable[Entry], channel: Channel, purpose: Purpose) -> Entry | None:
    """Return the entry that counts: the latest that somebody made, else the latest assumption.

    Of two at the same instant it is the one later in the ledger.
    """
    found: Entry | None = None
    for entry in ledger:
        if (entry.channel, entry.purpose) == (channel, purpose) and (found is None or _rank(entry) >= _rank(found)):
            found = entry
    return found


def _rank(entry: Entry) -> tuple[bool, datetime]:
    return (not entry.verdict.assumed, entry.at)


def _answered(answers: Answers) -> Iterator[tuple[Channel, Purpose, Answer]]:
    for channel, answer in ((Channel.SMS, answers.sms), (Channel.EMAIL, answers.email)):
        yield channel, Purpose.CARE, answer
        yield channel, Purpose.RECALL, answer
        yield channel, Purpose.MARKETING, _both(answer, answers.marketing)


def _both(first: Answer, second: Answer) -> Answer:
    if Answer.NO in (first, second):
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in (first, second) else Answer.YES


def _verdict(answer: Answer, *, assumed: bool) -> Verdict:
    match answer:
        case Answer.YES:
            return Verdict.GRANTED
        case Answer.NO:
            return Verdict.REVOKED
        case Answer.UNKNOWN:
            return Verdict.ASSUMED_GRANTED if assumed else Verdict.ASSUMED_REFUSED


def _adds(current: Entry | None, verdict: Verdict) -> bool:
    if current is None:
        return True
    if verdict.assumed or current.verdict is verdict:
        return False
    lifts = verdict is Verdict.GRANTED and current.verdict is Verdict.REVOKED
    return not (lifts and current.source != REGISTRATION)
