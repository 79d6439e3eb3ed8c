"""Sessions of processes that stand still in the middle of a statement: PostgreSQL breaks these off for nobody.

Its limits end a statement that takes too long, and a session that is idle in a transaction. A process that is frozen
in a COPY, or when part of a statement is on its way, is neither: the server waits for the rest, and what the
transaction has locked stays locked for ever.
"""

import sqlalchemy as sa

from scheduler.store.database import Tx
from scheduler.store.engine import APPLICATION

# Only sessions of the same role and program: those may be ended by it, and have the limits that it has.
# https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
_BREAK_OFF = sa.text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND application_name = :application
      AND state = 'active' AND wait_event_type = 'Client' AND xact_start IS NOT NULL
      AND current_setting('statement_timeout') <> '0'
      AND query_start < clock_timestamp() - current_setting('statement_timeout')::interval
""")


def break_off_frozen(tx: Tx) -> int:
    """End sessions that have waited in a statement, for their own process, for longer than a statement may take.

    Return how many; their transactions are rolled back at once, whatever becomes of this one. On SQLite a process
    writes to its file by itself, and nobody but the operating system can take its lock away.
    """
    if tx.dialect == "sqlite":
        return 0
    return int(tx.connection.execute(_BREAK_OFF, {"application": APPLICATION}).scalar_one())
