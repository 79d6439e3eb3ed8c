"""Gives patients who are older than the search by names their tokens. Runs with the migrations."""

from typing import Any

import sqlalchemy as sa

from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.database import Tx
from scheduler.store.name_tokens import Named, add_name_tokens
from scheduler.store.search_tables import name_tokens
from scheduler.store.tables import patients

log = get_logger(__name__)

_BATCH = 2_000


def fill_name_tokens(tx: Tx) -> int:
    """Add the tokens of all patients who have none, and return how many got some. The caller commits.

    Again it finds only those who were added since by an older program. A name that no key opens is left out.
    """
    last, filled = 0, 0
    there = sa.exists().where(name_tokens.c.patient_id == patients.c.id)
    columns = (patients.c.id, patients.c.clinic, patients.c.name_sealed)
    while True:
        found = sa.select(*columns).where(patients.c.id > last, sa.not_(there)).order_by(patients.c.id).limit(_BATCH)
        rows = tx.connection.execute(found).all()
        if not rows:
            return filled
        last = rows[-1].id
        named = [it for row in rows if (it := _named(tx, row))]
        add_name_tokens(tx, named)
        filled += len(named)


def _named(tx: Tx, row: Any) -> Named | None:
    try:
        return row.id, row.clinic, tx.vault.open(row.name_sealed, of="patients.name")
    except KeysError as error:
        log.warning("name.unreadable", patient=row.id, reason=str(error))
        return None
