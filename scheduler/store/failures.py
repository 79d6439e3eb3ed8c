"""What a driver's error means to a person: one line, what to do, and nothing of the statement's values."""

import sqlite3

import sqlalchemy as sa
from sqlalchemy import exc

from scheduler.errors import AftercareError, ConflictError, RecordRefusedError, StoreError

_SQLITE = {
    sqlite3.SQLITE_BUSY: "is locked by another process: stop that one, or try again when it has finished",
    sqlite3.SQLITE_LOCKED: "is locked by another process: stop that one, or try again when it has finished",
    sqlite3.SQLITE_READONLY: "is read-only: let this user write the file and its folder",
    sqlite3.SQLITE_NOTADB: "is not a database: check AFTERCARE_DATABASE_URL",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: check that its folder exists and that this user may write there",
    sqlite3.SQLITE_PERM: "can't be opened: let this user write the file and its folder",
    sqlite3.SQLITE_AUTH: "can't be opened: let this user write the file and its folder",
    sqlite3.SQLITE_FULL: "can't grow, the disk is full: free some space",
    sqlite3.SQLITE_IOERR: "can't be read or written: check the disk",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup",
}
_UNIQUE_VIOLATION = "23505"
_TABLES_MISSING = "is not set up for this version: run `aftercare db upgrade`"
_SERVER_AWAY = "does not answer: check that PostgreSQL runs and that AFTERCARE_DATABASE_URL is right"
# Whole SQLSTATEs before their classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "42P01": _TABLES_MISSING,
    "42703": _TABLES_MISSING,
    "42501": "refuses this user: grant it the rights on its schema and tables",
    "25006": "is read-only: connect to the primary server",
    "40001": "was busy with the same records: try again",
    "40P01": "was busy with the same records: try again",
    "55P03": "is locked by another process: try again when it has finished",
    "57014": "took too long and was interrupted: try again",
    "53100": "can't grow, the disk is full: free some space",
    "53300": "has no connection left: raise max_connections or stop other programs",
    "3D000": "does not exist: create it with `createdb`, then run `aftercare db upgrade`",
    "28": "refuses the login: check user and password in AFTERCARE_DATABASE_URL",
    "08": _SERVER_AWAY,
    "57": _SERVER_AWAY,
    "53": "has run out of a resource: look into its log",
    "XX": "failed inside the server: look into its log",
}


def explain(error: exc.DBAPIError | exc.TimeoutError, where: str) -> AftercareError:
    """Return the error that a person sees instead of the driver's; `where` names the database, without password."""
    if isinstance(error, exc.TimeoutError):
        return StoreError(f"the database {where} has all connections of this process in use: try again")
    cause = error.orig
    if isinstance(error, exc.IntegrityError):
        return _explain_conflict(cause, where)
    if isinstance(cause, sqlite3.Error):
        return explain_sqlite(cause, where)
    if not isinstance(error, exc.OperationalError | exc.ProgrammingError | exc.InternalError):
        refused = RecordRefusedError if isinstance(error, exc.DataError) else StoreError
        return refused(f"the database {where} refused a record ({type(cause).__name__})")
    # By its attribute: an installation on SQLite need not load PostgreSQL's driver for its class.
    if hasattr(cause, "sqlstate"):
        return _explain_postgresql(getattr(cause, "sqlstate", None), str(cause), where)
    return StoreError(f"the database {where} failed ({type(cause).__name__})")


def explain_sqlite(error: sqlite3.Error, where: str) -> StoreError:
    """Return the line for an error of SQLite itself."""
    code = getattr(error, "sqlite_errorcode", None)
    meaning = _SQLITE.get(code & 0xFF) if code is not None else None
    return StoreError(f"the database {where} {meaning or f'failed: {error}'}")


def _explain_postgresql(state: str | None, text: str, where: str) -> StoreError:
    # Without an SQLSTATE the connection failed, or broke, before the server could say why.
    meaning = (_POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])) if state else _without_server(text)
    return StoreError(f"the database {where} {meaning or f'failed (SQLSTATE {state})'}")


def _without_server(text: str) -> str:
    """Tell a refused login or a missing database from a server that is away: libpq gives both as text only."""
    if "does not exist" in text and "database" in text:
        return _POSTGRESQL["3D000"]
    if "authentication" in text or "role" in text or "password" in text:
        return _POSTGRESQL["28"]
    return _SERVER_AWAY


def _explain_conflict(cause: BaseException | None, where: str) -> AftercareError:
    if isinstance(cause, sqlite3.IntegrityError):
        unique = cause.sqlite_errorcode in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
        name = str(cause)
    else:
        unique = getattr(cause, "sqlstate", None) == _UNIQUE_VIOLATION
        name = str(getattr(getattr(cause, "diag", None), "constraint_name", None))
    if unique:
        return ConflictError("the same record was stored by someone else a moment ago: try again")
    return RecordRefusedError(f"the database {where} refused a record ({name})")


def place(url: sa.URL) -> str:
    """Return how errors name the database: the file, or host, port and name."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = url.host or url.query.get("host") or "localhost"
    return f"{url.database or ''} at {host}:{url.port or url.query.get('port') or 5432}"
