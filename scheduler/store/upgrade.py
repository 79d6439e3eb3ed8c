"""`aftercare db upgrade`, and what it would find."""

from scheduler.settings import Settings
from scheduler.store.database import bring_up_to_date, inspect, open_prepared
from scheduler.store.engine import PATIENCE
from scheduler.store.name_filling import fill_name_tokens
from scheduler.store.revisions import HEAD, RevisionState


def upgrade(settings: Settings) -> str:
    """Bring the database to this program's revision, make it if there is none, and return the revision.

    Harmless to repeat; of two processes one waits for the other. Raises StoreError or KeysError.
    """
    with open_prepared(settings, bring_up_to_date, create=True, patience=PATIENCE) as store, store.write() as tx:
        fill_name_tokens(tx)  # a process of the version before may have added patients meanwhile
    return HEAD


def revision_state(settings: Settings) -> RevisionState:
    """Say how the database stands to this program, changing nothing. Raises StoreError when it can't be read."""
    return inspect(settings)
