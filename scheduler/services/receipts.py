"""Handles what providers reported and was stored: finds the hand-over that each report is about and takes it in."""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs

from scheduler.channels.twilio.webhook import StatusCallback, read_form, read_status
from scheduler.clock import Clock
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.hearing import Hearing, Word
from scheduler.store.attempts import Attempt, find_attempt, find_attempt_of
from scheduler.store.database import Store, Tx
from scheduler.store.mentions import empty_calls
from scheduler.store.provider_events import ProviderEvent, first_unhandled, mark_handled, open_event

log = get_logger(__name__)

KIND = "status"
MOST = 500
"""Reports in one go: a flood of them keeps nothing else from being done, nor the process from stopping."""


def payload_of(query: str, body: str) -> str:
    """Return what is stored of a report: the query and the body of the call as they came."""
    return json.dumps({"query": query, "body": body}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Receipts:
    """Handles reports, each in a transaction of its own. `by` names this process in events."""

    store: Store
    configuration: Configuration
    clock: Clock
    by: str

    def handle(self) -> int:
        """Handle what waits, at most `MOST`, and return how many that were. Blocks; commits each. Raises StoreError.

        What is left, also by a crash, is handled by the next call, whoever makes it.
        """
        handled = 0
        while handled < MOST and self._handle_next():
            handled += 1
        return handled

    def _handle_next(self) -> bool:
        now = self.clock.now()
        with self.store.write() as tx:
            found = first_unhandled(tx, kind=KIND)
            if found is None:
                return False
            try:
                self._take_in(tx, open_event(tx, found), now)
            except KeysError as error:
                # Broken data of one report or hand-over: it stops nothing else. It is opened before anything is done.
                log.warning("receipt.unreadable", report=found, reason=str(error))
            mark_handled(tx, [found], now=now)
        return True

    def _take_in(self, tx: Tx, event: ProviderEvent, now: datetime) -> None:
        stored = json.loads(event.payload)
        callback = read_status(read_form(stored["body"].encode()))
        if callback is None or callback.said is None:
            log.info("receipt.ignored", report=event.id, why="it says nothing that changes a message")
            return
        attempt = _attempt(tx, stored["query"], callback)
        if attempt is None:
            log.info("receipt.ignored", report=event.id, why="it is about no message of ours")
            return
        word = Word(callback.said, callback.sid, callback.error_code, event.received_at, left=callback.left)
        if not attempt.address:  # the patient was erased since: nor may the report keep the number
            empty_calls(tx, [event.id], now=now)
        to = Hearing(self.configuration, self.by).hear(tx, attempt.token, attempt.message_id, word, now=now)
        log.info(
            "receipt.taken", message=attempt.message_id, said=callback.said, code=callback.error_code, moved_to=to
        )


def _attempt(tx: Tx, query: str, callback: StatusCallback) -> Attempt | None:
    """Find the hand-over by its token, which Twilio gives back in the address, else by Twilio's name for it."""
    token = parse_qs(query).get("attempt", [""])[0]
    ours = token.isascii() and token.isprintable()  # PostgreSQL takes no NUL
    return (find_attempt(tx, token) if token and ours else None) or find_attempt_of(tx, callback.sid)
