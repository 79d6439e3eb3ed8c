"""Lets a request that is sent again be answered as it was the first time, and done once."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.clock import Clock, SystemClock
from scheduler.store.database import Store
from scheduler.store.idempotency import (
    Before,
    any_before,
    begin_request,
    forget_request,
    forget_requests,
    keep_answer,
)

KEPT_FOR = timedelta(hours=24)
BETWEEN = timedelta(hours=1)
_OF = "api.request"


@dataclass(frozen=True, slots=True)
class Again:
    """A request that came before: `same` says whether it is that one; `answer` is None where it is not known."""

    same: bool
    answer: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Repeating:
    """Remembers the requests of callers by the keys that they gave them. It blocks; raises StoreError.

    `clock` is the machine's own, also where the product's is a time-lapse.
    """

    store: Store = field(repr=False)
    clock: Clock

    def begin(self, caller: str, key: str, request: bytes) -> Again | None:
        """Note that a request is worked on, unless that key came before: then say what is known of it. Commits.

        The same key with the same `request` (method, path, body) is the same request. Of what is kept nobody learns
        what was in it without the keys of the installation.
        """
        said = self.store.vault.sign(request, of=_OF)
        with self.store.write() as tx:
            now = self.clock.now()
            forget_requests(tx, before=now - KEPT_FOR)
            before = begin_request(tx, caller, _digest(key), said, now=now)
        return _again(before, said) if before else None

    def keep(self, caller: str, key: str, *, status: int, answer: str) -> None:
        """Keep what was answered. Commits."""
        with self.store.write() as tx:
            keep_answer(tx, caller, _digest(key), status=status, answer=answer)

    def forget(self, caller: str, key: str) -> None:
        """Let the key be used anew, because nothing came of the request. Commits."""
        with self.store.write() as tx:
            forget_request(tx, caller, _digest(key))


@dataclass(slots=True)
class Forgetter:
    """Forgets, for one process, the answers that are older than a day, once an hour; by the machine's own clock."""

    clock: Clock = field(default_factory=SystemClock)
    _looked_at: datetime | None = None

    def is_time(self) -> bool:
        """Whether the last look is long enough ago; a clock that was set back does not stop it."""
        return self._looked_at is None or abs(self.clock.now() - self._looked_at) >= BETWEEN

    def forget(self, store: Store) -> None:
        """Forget them. Commits, where there are any; raises StoreError."""
        self._looked_at = now = self.clock.now()
        with store.read() as tx:
            if not any_before(tx, now - KEPT_FOR):
                return
        with store.write() as tx:
            forget_requests(tx, before=now - KEPT_FOR)


def _again(before: Before, said: bytes) -> Again:
    return Again(before.request_hash == said, before.answer)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
