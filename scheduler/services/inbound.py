"""Handles the incoming texts that were stored: each once, whoever does it, however often it is begun."""

import json
from dataclasses import dataclass
from datetime import datetime

from scheduler.channels.twilio.inbound import read_inbound
from scheduler.channels.twilio.webhook import read_form
from scheduler.clock import Clock
from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import because
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk, Words
from scheduler.services.ringing import raise_and_ring
from scheduler.store.database import Store, Tx
from scheduler.store.provider_events import ProviderEvent, first_unhandled, mark_handled, open_event
from scheduler.store.replies import SMS

log = get_logger(__name__)

KIND = "inbound"
MOST = 100
"""Texts in one go: a flood of them keeps nothing else from being done, nor the process from stopping."""


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
        or an alert may be due. Raises StoreError; ConfigError where the words can't be read.
        """
        handled = 0
        while handled < MOST and self._handle_next():
            handled += 1
        return handled

    @property
    def desk(self) -> ReplyDesk:
        """What takes replies in, for those that come another way too."""
        return ReplyDesk(self.configuration, self.words, self.by)

    def _handle_next(self) -> bool:
        self.words()  # before anything is locked
        now = self.clock.now()
        with self.store.write() as tx:
            found = first_unhandled(tx, kind=KIND)
            if found is None:
                return False
            try:
                event = open_event(tx, found)
            except KeysError as error:
                self._tell_unreadable(tx, found, error, now)
            else:
                self._take_in(tx, event, now)
            mark_handled(tx, [found], now=now)
        return True

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

    def _tell_unreadable(self, tx: Tx, event: int, error: KeysError, now: datetime) -> None:
        """Tell a person of a text that can't be opened: it may have been anything."""
        log.error("reply.unreadable", call=event, reason=str(error))
        reasons = (because("reply_unreadable", event=str(event)),)
        subject = f"event/{event}"
        raise_and_ring(tx, self.configuration, AlertKind.REPLY, subject, reasons=reasons, now=now, clinic=None)
