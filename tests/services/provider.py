"""A provider in memory, for histories: what it takes is the truth that a test counts by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from itertools import count
from types import TracebackType
from typing import Self

from scheduler.channels.lookup import Found
from scheduler.clock import Clock
from scheduler.domain.outgoing import Accepted, Outgoing, OutgoingSms
from scheduler.domain.states import Status
from scheduler.errors import ChannelError, ErrorKind


class Way(Enum):
    """How a hand-over ends."""

    TAKEN = auto()
    TAKEN_UNSAID = auto()
    LOST = auto()
    """Not taken, and nobody says so."""
    REFUSED = auto()
    REFUSED_FOR_GOOD = auto()


@dataclass(frozen=True)
class Had:
    """A message that the provider took."""

    sid: str
    to: str
    body: str
    at: datetime


class Ready:
    """What a channel has that needs no opening and is always well."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def probe(self) -> None:
        pass


@dataclass
class Provider(Ready):
    """Takes what it is handed in time, as `script` says; by attempt, in `taken`. After the script all is taken."""

    clock: Clock
    script: list[Way] = field(default_factory=list)
    taken: dict[str, Had] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    prefix: str = "queue-"

    async def send(self, message: Outgoing) -> Accepted:
        return self.take(message, self.script.pop(0) if self.script else Way.TAKEN)

    def take(self, message: Outgoing, way: Way) -> Accepted:
        """Do what `send` does: raise ChannelError where it would."""
        if self.clock.now() >= message.deadline:
            raise ChannelError("too late", kind=ErrorKind.NOT_CALLED)
        if way in (Way.TAKEN, Way.TAKEN_UNSAID):
            body = message.body if isinstance(message, OutgoingSms) else ""
            sid = f"{self.prefix}{next(self.numbers)}"
            self.taken[message.attempt] = Had(sid, message.to, body, self.clock.now())
            if way is Way.TAKEN:
                return Accepted(sid, reports=True)
        kinds = {Way.REFUSED: ErrorKind.TRANSIENT, Way.REFUSED_FOR_GOOD: ErrorKind.PERMANENT}
        raise ChannelError("no", kind=kinds.get(way, ErrorKind.UNKNOWN), code="1")


@dataclass
class AskedProvider(Provider):
    """One that can be asked what it has, as Twilio can and a mail server can't."""

    prefix: str = "SM"

    async def find(self, to: str, *, since: datetime, until: datetime) -> Sequence[Found]:
        return [_found(it) for it in self.taken.values() if it.to == to and since <= it.at <= until]

    async def fetch(self, provider_id: str) -> Found:
        return next(_found(it) for it in self.taken.values() if it.sid == provider_id)


def _found(had: Had) -> Found:
    return Found(had.sid, had.at, Status.ACCEPTED, "", had.body)
