"""What decides about a message, and the decision, as values: nothing here says how one follows from the other."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scheduler.domain.advised import Held
from scheduler.domain.appointment import Appointment
from scheduler.domain.brakes import Kept, Pause
from scheduler.domain.consent import Consent, address_of
from scheduler.domain.hours import SendingHours
from scheduler.domain.lateness import Unit
from scheduler.domain.protocol import Channel, IfLate, Purpose, Step
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Brake, Status


class Kind(StrEnum):
    """What is to be done with a message now."""

    SEND = "send"
    WAIT = "wait"
    """Not yet: it goes out later, at the instant that the decision names."""
    MEND = "mend"
    """It would go out, but somebody has to mend something first; it is looked at again soon, while it is useful."""
    EXPIRE = "expire"
    SUPPRESS = "suppress"
    CANCEL = "cancel"
    HOLD = "hold"


STATUS_AFTER: Mapping[Kind, Status] = {
    Kind.WAIT: Status.SCHEDULED,
    Kind.MEND: Status.SCHEDULED,
    Kind.EXPIRE: Status.EXPIRED,
    Kind.SUPPRESS: Status.SUPPRESSED,
    Kind.CANCEL: Status.CANCELLED,
    Kind.HOLD: Status.HELD,
}
"""The status that a decision moves a message to; one that is sent goes on to `sending`."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that is still to go out, as the store has it; `key` is its id, instants are aware UTC.

    `try_at`: it waits until then, when it was tried before or put off. `released`: a person let it go on, so that
    what asks a person does not ask again. `tried`: a provider was called for it before. `held`: it waits for a person
    now, and is here only because another may have to as well. `put`: a person said when this one goes out. `kept_by`
    says which brakes kept it back until now.
    """

    key: int
    appointment: Hashable
    step: str
    occurrence: int
    channel: Channel
    purpose: Purpose
    planned_at: datetime
    due_at: datetime
    try_at: datetime
    useful_until: datetime
    if_late: IfLate
    ask: str | None = None
    fallback: tuple[Channel, ...] = ()
    released: bool = False
    tried: bool = False
    held: bool = False
    put: bool = False
    kept_by: tuple[Reason, ...] = ()

    @property
    def half_over_at(self) -> datetime:
        """When half of the time in which it helps has gone: what is kept back so long gives way, where it can."""
        return self.planned_at + (self.useful_until - self.planned_at) / 2

    @property
    def unit(self) -> Unit:
        """What it shares with the same step's messages on other channels."""
        return Unit(self.appointment, self.step, self.occurrence)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Another visit's message spoke for this one. `arrived`: the provider took it; else that is not known yet."""

    message: int
    appointment: int
    arrived: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """What is bound late: looked up at the moment of deciding, never at registration.

    `step` is the message's step, None when the protocol that this process read does not have it. `consents` are for
    the message's purpose, for every channel of `addresses`, stops included. `rebooked`: the same patient has a later
    appointment for the same treatment, booked or over. `template_error` is why the text can't be rendered.
    `unapproved` is what nobody approved of what it would say.
    `paused` has the pause of each channel on which nothing goes to this patient; `kept` says why a person decides.
    `refusing` says of each channel that the provider refuses, from this clinic's sender, what it said. `alarmed`: an
    urgent alert about this patient is open. `answered`: it only reminds of a question that somebody has answered.
    `merge_window` is how far apart messages of one kind may go out to become one, zero where this one stays alone.
    `advised` is what its step advises; `heard` is what the patient was advised for other visits, with the visit.
    """

    appointment: Appointment
    step: Step | None
    hours: SendingHours
    addresses: frozenset[Channel]
    consents: Mapping[Channel, Consent]
    rebooked: bool = False
    template_error: str | None = None
    unapproved: Reason | None = None
    paused: Mapping[Channel, Pause] | None = None
    kept: Kept | None = None
    refusing: Mapping[Channel, str] | None = None
    alarmed: bool = False
    answered: bool = False
    spoken: Spoken | None = None
    merge_window: timedelta = timedelta(0)
    advised: tuple[Held, ...] = ()
    heard: tuple[tuple[int, Held], ...] = ()

    def bars(self, channel: Channel) -> Reason | None:
        """Return why that channel can't be used for this patient, None where it can."""
        if channel not in self.addresses:
            return because("no_address", address=address_of(channel))
        return self.consents[channel].refused

    def open_channel(self, among: Sequence[Channel]) -> Channel | None:
        """Return the first of these channels that can be used; also where a hand-over failed for good."""
        return next((channel for channel in among if self.bars(channel) is None), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a message, and why, in order.

    `at` is when it goes out: now for SEND, later for WAIT; for MEND when it is looked at again; else None.
    `fallback`, on SUPPRESS only, is the channel that takes its place: whoever carries the decision out adds it.
    `brake` is what keeps it back, on WAIT and HOLD: what waits for one is due as before, and late when it goes on.
    `carries`, on SEND only, are the keys of the messages that it speaks for.
    """

    kind: Kind
    reasons: tuple[Reason, ...] = ()
    at: datetime | None = None
    fallback: Channel | None = None
    brake: Brake | None = None
    carries: tuple[int, ...] = ()
