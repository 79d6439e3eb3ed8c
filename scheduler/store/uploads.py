"""Files that somebody brought: sealed, kept between the look at them and the import, and no longer than that."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from scheduler.errors import NotFoundError
from scheduler.store.booking_tables import uploads
from scheduler.store.database import Tx


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of one clinic with what was said of its rows; `result` None until it was imported."""

    id: int
    clinic: str
    by: str
    name: str = field(repr=False)
    content: bytes = field(repr=False)
    report: str = field(repr=False)
    result: str | None = field(repr=False)
    at: datetime


def keep_upload(
    tx: Tx, *, clinic: str, by: str, name: str, content: bytes, report: str, now: datetime, until: datetime
) -> int:
    """Keep a file until then and return its id. The caller commits."""
    values = {
        "clinic": clinic,
        "by": by,
        "name_sealed": tx.vault.seal(name, of="uploads.name"),
        "content_sealed": tx.vault.seal_bytes(content, of="uploads.content"),
        "report_sealed": tx.vault.seal(report, of="uploads.report"),
        "at": now,
        "expires_at": until,
    }
    added = sa.insert(uploads).values(values).returning(uploads.c.id)
    return int(tx.connection.execute(added).scalar_one())


def get_upload(tx: Tx, upload_id: int, *, now: datetime) -> Upload:
    """Return a file that was kept. Raises NotFoundError, also once its time is over."""
    row = tx.connection.execute(
        sa.select(uploads).where(uploads.c.id == upload_id, uploads.c.expires_at > now)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no upload {upload_id} any more: bring the file again")
    return Upload(
        id=row.id,
        clinic=row.clinic,
        by=row.by,
        name=tx.vault.open(row.name_sealed, of="uploads.name"),
        content=tx.vault.open_bytes(row.content_sealed, of="uploads.content"),
        report=tx.vault.open(row.report_sealed, of="uploads.report"),
        result=tx.vault.open_or_none(row.result_sealed, of="uploads.result"),
        at=row.at,
    )


def note_upload(tx: Tx, upload_id: int, result: str) -> None:
    """Note what an import has done so far; the file stays, for who goes on. The caller commits, with the rows."""
    noted = {"result_sealed": tx.vault.seal(result, of="uploads.result")}
    tx.connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(noted))


def finish_upload(tx: Tx, upload_id: int, result: str) -> None:
    """Note what the import did, and forget the file: its rows are registered. The caller commits."""
    values = {
        "result_sealed": tx.vault.seal(result, of="uploads.result"),
        "content_sealed": tx.vault.seal_bytes(b"", of="uploads.content"),
    }
    tx.connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(values))


def drop_upload(tx: Tx, upload_id: int) -> None:
    """Forget a file that is not to be imported. The caller commits."""
    tx.connection.execute(sa.delete(uploads).where(uploads.c.id == upload_id))
