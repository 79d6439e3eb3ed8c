"""Up to when a booking system that tells nothing by itself was asked what changed."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.columns import instant_text, read_instant
from scheduler.store.database import Tx
from scheduler.store.tables import meta

_NAME = "asked/"


def get_mark(tx: Tx, source: str) -> datetime | None:
    """Return up to when a source ("clinic/id") was asked, None for one that never was."""
    value = tx.connection.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME + source))
    return None if value is None else read_instant(bytes(value).decode())


def keep_mark(tx: Tx, source: str, until: datetime) -> None:
    """Keep up to when a source was asked. The caller commits."""
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(meta).values(name=_NAME + source, value=instant_text(until).encode())
    tx.connection.execute(
        insert.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": insert.excluded.value})
    )
