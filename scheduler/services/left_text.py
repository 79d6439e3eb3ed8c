"""What somebody typed and sent after the session had run out: kept sealed for an hour, and shown to its writer again.

Nothing of it is in the browser or in an address. Only a session that ran out by itself keeps anything: one that was
ended, by its user or by an administrator, is nobody's any more. By the machine's own clock, as sessions are.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from scheduler.clock import Clock, SystemClock
from scheduler.services.gate import has_run_out
from scheduler.services.tokens import LONGEST, digest
from scheduler.store.database import Store, Tx
from scheduler.store.idempotency import begin_request, forget_request, keep_answer, kept_answer
from scheduler.store.sessions import find_session

KEPT_FOR = timedelta(hours=1)
_PAGES = re.compile(
    r"(/inbox/(?:alerts|replies)/\d{1,18})/answer|(/patients/\d{1,18}/(?:write|details))"
    r"|(/appointments(?:/new)?)"
)
NEW_APPOINTMENT = "/appointments/new"
_MOST, _MOST_FIELDS = 20_000, 40
_NOT_TYPED = frozenset({"do", "form", "heard", "seen", "shown", "step"})


@dataclass(frozen=True, slots=True)
class LeftText:
    """What was typed, by the fields' names."""

    typed: Mapping[str, str] = field(repr=False)

    @property
    def words(self) -> str:
        """What was written to a patient."""
        return self.typed.get("words", "")

    @property
    def subject(self) -> str:
        """What stood over it."""
        return self.typed.get("subject", "")


def page_of(path: str) -> str | None:
    """Return the page of the form that posts a text there, None where none does."""
    found = _PAGES.fullmatch(path)
    if found is None:
        return None
    return NEW_APPOINTMENT if found[3] else found[1] or found[2]


def leave(store: Store, token: str, page: str, text: LeftText, *, clock: Clock | None = None) -> bool:
    """Keep a text for the user of a session that has run out; False where it is nobody's. Commits."""
    now = (clock or SystemClock()).now()
    if not token or len(token) > LONGEST or not any(it.strip() for it in text.typed.values()):
        return False
    with store.write() as tx:
        found = find_session(tx, digest(token))
        if found is None or found.disabled or not has_run_out(found.session, now):
            return False
        caller, key = f"user:{found.login}", _key(page)
        forget_request(tx, caller, key)
        begin_request(tx, caller, key, b"", now=now)
        typed = [(name, it[:_MOST]) for name, it in text.typed.items() if it and name not in _NOT_TYPED]
        answer = json.dumps(dict(typed[:_MOST_FIELDS]))
        keep_answer(tx, caller, key, status=0, answer=answer)
    return True


def left_text(tx: Tx, caller: str, page: str, *, clock: Clock | None = None) -> LeftText | None:
    """Return what that caller left on a page within the hour. Raises KeysError."""
    kept = kept_answer(tx, caller, _key(page), since=(clock or SystemClock()).now() - KEPT_FOR)
    found = json.loads(kept) if kept else None
    return LeftText(found) if isinstance(found, dict) else None


def forget_text(tx: Tx, caller: str, page: str) -> None:
    """Forget what was left there, once it was sent. The caller commits."""
    forget_request(tx, caller, _key(page))


def _key(page: str) -> bytes:
    return hashlib.sha256(f"left:{page}".encode()).digest()
