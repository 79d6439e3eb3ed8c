"""Handles the incoming texts that were stored: each once, whoever does it, however often it is begun."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from scheduler.channels.twilio.inbound import read_inbound
from scheduler.channels.twilio.webhook import read_form
from scheduler.clock import Clock
from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, because
from scheduler.errors import ConfigError, KeysError, RecordRefusedError, StoreError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk, Words
from scheduler.services.ringing import raise_and_ring
from scheduler.store.database import Store, Tx
from scheduler.store.provider_events import ProviderEvent, mark_handled, next_in_turn, open_event
from scheduler.store.replies import SMS

log = get_logger(__name__)

KIND = "inbound"
MOST = 100
"""Texts in one go: a flood of them keeps nothing else from being done, nor the process from stopping."""
MOST_TRIES = 3
"""How often a text is tried that can't be worked on, before a person is told and the next one comes."""


@dataclass(frozen=True, slots=True)
class Replies:
    """Handles incoming texts, each in a transaction of its own. `by` names this process in events."""

    store: Store
    configuration: Configuration
    words: Words
    clock: Clock
    by: str

    def handle(self) -> int:
        """Handle what waits, at most `MOST`, and return how many that were. Blocks; commits each.

        What is left, also by a crash, is handled by the next call, whoever makes it. Where one was handled, an answer
        or an alert may be due. Where the words can't be read all is left, and a person is told. Raises StoreError.
        """
        handled = 0
        try:
            self.words()  # before anything is locked
        except ConfigError as error:
            self._tell_wordless(error)
            return handled
        while handled < MOST and self._handle_next():
            handled += 1
        return handled

    @property
    def desk(self) -> ReplyDesk:
        """What takes replies in, for those that come another way too."""
        return ReplyDesk(self.configuration, self.words, self.by)

    def _handle_next(self) -> bool:
        """Handle the oldest; one that can't be worked on is left to a person, and keeps no other from its turn.

        Such a fault is ours: it is logged in full. What the database refuses for now is no fault of the text: it is
        handled by the next call.
        """
        tries: Counter[int] = Counter()
        while True:
            found = None
            try:
                with self.store.write() as tx:
                    found = next_in_turn(tx, kind=KIND)
                    if found is None:
                        return False
                    self._handle(tx, found, given_up=tries[found] == MOST_TRIES)
            except Exception as error:
                if found is None or tries[found] == MOST_TRIES or _is_databases(error):
                    raise
                tries[found] += 1
                if isinstance(error, RecordRefusedError):  # in full it would show the record
                    log.error("reply.failed", call=found, tries=tries[found], reason=str(error))  # noqa: TRY400  (as said above)
                else:
                    log.exception("reply.failed", call=found, tries=tries[found])
            else:
                return True

    def _handle(self, tx: Tx, found: int, *, given_up: bool) -> None:
        now = self.clock.now()
        try:
            event = open_event(tx, found)
        except KeysError as error:
            self._tell_unreadable(tx, found, error, now)
        else:
            if given_up:
                self._tell(tx, f"event/{found}", because("reply_failed", event=str(found)), now)
            else:
                self._take_in(tx, event, now)
        mark_handled(tx, [found], now=now)

    def _take_in(self, tx: Tx, event: ProviderEvent, now: datetime) -> None:
        text = read_inbound(read_form(json.loads(event.payload)["body"].encode()))
        incoming = Incoming(
            unique_id=text.sid or event.unique_id,
            source=SMS,
            sender=text.sender,
            receiver=text.receiver or text.service,
            service=text.service,
            body=text.body,
            received_at=event.received_at,
            media=text.media,
            keyword=text.keyword,
        )
        if self.desk.take_in(tx, incoming, now=now) is None:
            log.info("reply.ignored", call=event.id, why="it was taken in before")

    def _tell_wordless(self, error: ConfigError) -> None:
        """Tell a person, once, that replies wait."""
        log.error("replies.wait", reason=str(error))
        with self.store.write() as tx:
            self._tell(tx, "triage", because("words_unreadable", error=str(error)), self.clock.now())

    def _tell_unreadable(self, tx: Tx, event: int, error: KeysError, now: datetime) -> None:
        """Tell a person of a text that can't be opened: it may have been anything."""
        log.error("reply.unreadable", call=event, reason=str(error))
        self._tell(tx, f"event/{event}", because("reply_unreadable", event=str(event)), now)

    def _tell(self, tx: Tx, subject: str, why: Reason, now: datetime) -> None:
        """Ring at once, at night too: what nobody could read may have been anything."""
        raise_and_ring(tx, self.configuration, AlertKind.URGENT, subject, reasons=(why,), now=now, clinic=None)


def _is_databases(error: Exception) -> bool:
    """Whether the database failed, not what stands in it or is to be put there."""
    return isinstance(error, StoreError) and not isinstance(error, KeysError | RecordRefusedError)
