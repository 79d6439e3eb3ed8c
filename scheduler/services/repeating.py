"""Lets a request that is sent again be answered as it was the first time, and done once."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from scheduler.clock import Clock
from scheduler.store.database import Store
from scheduler.store.idempotency import (
    Before,
    begin_request,
    forget_request,
    keep_answer,
)

KEPT_FOR = timedelta(hours=24)
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
            forget_request(tx, caller, _digest(key), before=now - KEPT_FOR)
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


def _again(before: Before, said: bytes) -> Again:
    return Again(before.request_hash == said, before.answer)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
