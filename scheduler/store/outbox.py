"""The rehearsal's outbox: what would have left the machine, sealed."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.outgoing import Outgoing, OutgoingCall, OutgoingEmail, OutgoingSms
from scheduler.domain.protocol import Channel
from scheduler.store.database import Tx
from scheduler.store.tables import outbox

_ADDRESS = "outbox.address"
_CONTENT = "outbox.content"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One message that would have been sent: an SMS's text or an email's MIME, as UTF-8 or as it is."""

    attempt: str
    channel: Channel
    at: datetime
    address: str = field(repr=False)
    content: bytes = field(repr=False)


def keep(tx: Tx, outgoing: Outgoing, *, now: datetime) -> None:
    """Keep what would have been handed over; the same attempt is kept once. The caller commits."""
    channel, content = _content(outgoing)
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    tx.connection.execute(
        dialect.insert(outbox)
        .on_conflict_do_nothing(index_elements=["attempt"])
        .values(
            attempt=outgoing.attempt,
            channel=channel,
            address_sealed=tx.vault.seal(outgoing.to, of=_ADDRESS),
            content_sealed=tx.vault.seal_bytes(content, of=_CONTENT),
            at=now,
        )
    )


def _content(outgoing: Outgoing) -> tuple[Channel, bytes]:
    match outgoing:
        case OutgoingSms():
            return Channel.SMS, outgoing.body.encode()
        case OutgoingEmail():
            return Channel.EMAIL, outgoing.mime
        case OutgoingCall():
            return Channel.WEBHOOK, outgoing.payload


def was_kept(tx: Tx, attempt: str) -> bool:
    """Whether that hand-over is in the outbox."""
    return tx.connection.execute(sa.select(outbox.c.id).where(outbox.c.attempt == attempt)).first() is not None


def rehearsed(tx: Tx, *, limit: int) -> tuple[Rehearsed, ...]:
    """Return what was kept last, newest first."""
    found = sa.select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    return tuple(
        Rehearsed(
            attempt=row.attempt,
            channel=row.channel,
            at=row.at,
            address=open_address(tx, row.address_sealed),
            content=open_content(tx, row.content_sealed),
        )
        for row in tx.connection.execute(found)
    )


def open_address(tx: Tx, sealed: bytes) -> str:
    """Open where a message would have gone. Raises KeysError."""
    return tx.vault.open(sealed, of=_ADDRESS)


def open_content(tx: Tx, sealed: bytes) -> bytes:
    """Open what it would have said. Raises KeysError."""
    return tx.vault.open_bytes(sealed, of=_CONTENT)
