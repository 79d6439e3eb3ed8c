"""Takes in mail that came back: ends the message, lets the other channel take over, switches a dead address off."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.channels.smtp.bounce import Bounce, Verdict, read_bounce
from scheduler.clock import Clock
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.errors import NotFoundError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.dead_address import give_up
from scheduler.services.hearing import Hearing, Word
from scheduler.store.attempts import Attempt, attempts_of, find_attempt
from scheduler.store.database import Store, Tx
from scheduler.store.mentions import empty_calls
from scheduler.store.messages import get_message
from scheduler.store.provider_events import add_provider_event, mark_handled

log = get_logger(__name__)

KIND = "bounce"
MOST_BYTES = 1_048_576
"""Of a mail this much is read; what says why it came back stands at its beginning."""
_KEPT = 65_536
_OURS = re.compile(r"<(\d{1,18})\.[0-9a-f]{32}@[^>]+>")


class Taken(StrEnum):
    """What became of a mail that was handed in."""

    DEAD = "dead"
    """The address takes no mail: nothing more is sent there."""
    UNDELIVERED = "undelivered"
    """That message was not delivered; the address may work."""
    DELAYED = "delayed"
    """It is still on its way: noted."""
    KNOWN = "known"
    """It was taken in before."""
    FOREIGN = "foreign"
    """It is about no mail of ours."""
    NO_BOUNCE = "no_bounce"
    """It says nothing about a delivery that failed."""


@dataclass(frozen=True, slots=True)
class Bounces:
    """Takes mails in, each in a transaction of its own. `by` names this process in events."""

    store: Store
    configuration: Configuration
    clock: Clock
    by: str

    def take_in(self, raw: bytes) -> Taken:
        """Take one raw mail in, once, and say what came of it. Blocks; commits. Raises KeysError or StoreError.

        A mail that does not carry the token of a hand-over, or the Message-ID of one, changes nothing: whoever could
        forge that has the mail itself.
        """
        bounce = read_bounce(raw[:MOST_BYTES])
        if bounce.verdict is Verdict.NOTHING:
            log.info("bounce.ignored", why="it is no report of a failed delivery that can be read")
            return Taken.NO_BOUNCE
        now = self.clock.now()
        with self.store.write() as tx:
            attempt = _attempt(tx, bounce)
            if attempt is None or attempt.rehearsed:
                log.info("bounce.ignored", why="it is about no mail of ours", code=bounce.code)
                return Taken.FOREIGN
            event = add_provider_event(
                tx,
                unique_id=_unique_id(attempt, bounce),
                provider="email",
                kind=KIND,
                payload=raw[:_KEPT].decode("latin-1"),
                now=now,
            )
            if event is None:
                return Taken.KNOWN
            self._follow(tx, attempt, bounce, now)
            mark_handled(tx, [event], now=now)
            if not attempt.address:  # the patient was erased since
                empty_calls(tx, [event], now=now)
        log.info("bounce.taken", message=attempt.message_id, verdict=bounce.verdict, code=bounce.code)
        return Taken(bounce.verdict.value)

    def _follow(self, tx: Tx, attempt: Attempt, bounce: Bounce, now: datetime) -> None:
        if bounce.verdict is Verdict.DELAYED:
            return
        message = get_message(tx, attempt.message_id)
        word = Word(
            Status.UNDELIVERED,
            attempt.provider_id or message.provider_id or "",
            bounce.code,
            now,
            why=bounce.meaning,
        )
        Hearing(self.configuration, self.by).hear(tx, attempt.token, message.id, word, now=now)
        if bounce.verdict is Verdict.DEAD and message.kind is not MessageKind.ALERT and attempt.address:
            where = (message.clinic, Channel.EMAIL, attempt.address)
            give_up(tx, self.configuration, *where, by=self.by, now=now, code=bounce.code)


def _attempt(tx: Tx, bounce: Bounce) -> Attempt | None:
    """Find the hand-over: by its token, else as the latest of the message whose Message-ID came back."""
    found = find_attempt(tx, bounce.attempt) if bounce.attempt else None
    if found is None and bounce.message_id:
        found = _latest(tx, bounce.message_id)
    if found is None or get_message(tx, found.message_id).channel is not Channel.EMAIL:
        return None
    return found


def _latest(tx: Tx, message_id: str) -> Attempt | None:
    ours = _OURS.fullmatch(message_id)
    if ours is None:
        return None
    try:
        message = get_message(tx, int(ours[1]))
    except NotFoundError:
        return None
    tries = attempts_of(tx, message.id) if message.header_id == message_id else ()
    return tries[-1] if tries else None


def _unique_id(attempt: Attempt, bounce: Bounce) -> str:
    """Return what is the same for a report that comes twice: of each hand-over one of each kind counts."""
    digest = hashlib.sha256(attempt.token.encode()).hexdigest()
    return f"{KIND}/{digest[:40]}/{bounce.verdict.value}"
