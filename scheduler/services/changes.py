"""What an edit of a protocol changes for one visit: messages moved, added, dropped, changed. Writes nothing.

`comparing.changes_of` finds them for one visit, `planner` for all that are in flight, `applying` writes them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.domain.adjustment import Adjustments
from scheduler.domain.appointment import Reach
from scheduler.domain.edits import Edit
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason
from scheduler.domain.states import UNSENT
from scheduler.services.switching import Switch
from scheduler.store.appointments import StoredAppointment
from scheduler.store.latest_answers import LatestAnswer
from scheduler.store.messages import Message
from scheduler.store.patients import Traits


class ChangeKind(StrEnum):
    """What becomes of a message."""

    MOVED = "moved"
    """It goes out at another time."""
    ADDED = "added"
    """It is new, or comes back: the edit moves to a later time what had been given up."""
    DROPPED = "dropped"
    """It is cancelled."""
    CHANGED = "changed"
    """It keeps its time; something else about it changes."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one message, because of which edit. Instants are aware UTC.

    `message`: as it stands, None for one that is new; its status is what a write has to expect. `planned`: what it
    is to be, as `store.messages.replan` and `store.plans.add_planned` take it, None where it is dropped. A changed
    message that is held stays held: keep its brake. `reasons`: why, as the message is to say it.
    """

    kind: ChangeKind
    edit: Edit
    step: str
    channel: Channel
    occurrence: int
    message: Message | None
    planned: PlannedMessage | None
    reasons: tuple[Reason, ...]

    @property
    def from_at(self) -> datetime | None:
        """When it was due; None for what is new or was given up."""
        return self.message.due_at if self.message and self.message.status in UNSENT else None

    @property
    def to_at(self) -> datetime | None:
        """When it is due from now on."""
        return self.planned.due_at if self.planned else None


@dataclass(frozen=True, slots=True)
class InFlight:
    """A visit with what decides about its changes. `messages`: those of edited steps, as `schedule.as_it_stands`.

    `traits`: by which a plan on paper sees that the patient's data was changed since; None where there is none.
    `unsent` and `sent` count all its messages: still to come, and those that a provider has, had or may have.
    `answer`: what was answered last about it; None also where no edited step is brought about by a reply.
    """

    appointment: StoredAppointment
    reach: Reach
    language: str | None
    messages: tuple[Message, ...]
    adjustments: Adjustments
    unsent: int
    sent: int
    traits: Traits | None = None
    answer: LatestAnswer | None = None


@dataclass(frozen=True, slots=True)
class VisitChanges:
    """All that changes for one visit; `changes` is in the order of due instant, step and channel, or empty.

    Whoever writes them gives the visit `switch.after.digest` and `switch.pins`, and its messages that are still to
    come the digest of the version that their step goes by: `versions.by_version` says which.

    `told_before`: what is kept as sent under a step's old name, with the message in its place, if any. `nobody_asks`:
    the step that would have asked a patient with a concern again and is dropped, with nothing in its place: whoever
    writes the changes tells a person.
    """

    visit: InFlight
    switch: Switch
    changes: tuple[Change, ...]
    told_before: tuple[tuple[Message | None, PlannedMessage], ...] = ()
    nobody_asks: str | None = None

    @property
    def appointment(self) -> StoredAppointment:
        """The visit itself."""
        return self.visit.appointment

    @property
    def unchanged(self) -> int:
        """How many of its messages that are still to come stay as they are."""
        return self.visit.unsent - sum(it.message is not None and it.message.status in UNSENT for it in self.changes)
