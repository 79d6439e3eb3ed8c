"""Fills a database with many messages, as fast as it takes them.

One appointment is registered through the product; its rows are the pattern that SQL multiplies, with other keys,
addresses and instants. So a row of a benchmark is what the product itself writes, whatever columns it has.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from benchmarks.installation import CLINIC, STEP, TREATMENT, Installation
from scheduler.store.engine import database_url, make_engine
from scheduler.store.keys import load_keys
from scheduler.store.names import email_hash, phone_hash
from scheduler.store.vault import Vault

FIRST = 1000
"""The first id that is given by hand; what the product registered is below."""
PER_VISIT = 8
"""Waiting messages of one appointment, as the shipped protocol has them."""
USEFUL_FOR = 86_400.0

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The rows of one appointment with one of its messages, as the database has them."""

    patient: Row
    appointment: Row
    message: Row
    consents: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """`count` messages due from `starts` (Unix time) on, one every `every` seconds; ids from `first_id` on."""

    first_id: int
    count: int
    starts: float
    every: float = 0.0

    @property
    def ids(self) -> range:
        """The ids of its messages."""
        return range(self.first_id, self.first_id + self.count)


def prepare(installation: Installation, *, channel: str = "sms") -> Pattern:
    """Set the database up and register the pattern: an appointment in a month, so that none of it is due soon."""
    installation.run("db", "upgrade")
    visit = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    told = installation.json(
        *("register", "--clinic", CLINIC, "--treatment", TREATMENT, "--name", "Zoë Lachance", "--language", "en"),
        *("--phone", "+15145550100", "--email", "zoe@patients.example", "--at", visit),
    )
    (message,) = [it["id"] for it in told["messages"] if (it["step"], it["channel"]) == (STEP, channel)]
    with connected(installation) as connection:
        found = _one(connection, "messages", "id", message)
        return Pattern(
            _one(connection, "patients", "id", found["patient_id"]),
            _one(connection, "appointments", "id", found["appointment_id"]),
            found,
            _all(connection, "consents", "patient_id", found["patient_id"]),
        )


def add_due(installation: Installation, pattern: Pattern, *batches: Batch) -> None:
    """Add messages that go out, each to a patient of its own with an address of its own."""
    vault = Vault(load_keys(installation.settings, database_is_new=False))
    with connected(installation) as connection:
        for batch in batches:
            patients = [_patient(pattern, vault, number) for number in batch.ids]
            connection.execute(_insert("patients", pattern.patient), patients)
            consents = [{**row, "patient_id": number} for number in batch.ids for row in pattern.consents]
            for consent in consents:
                consent.pop("id", None)
            if consents:
                connection.execute(_insert("consents", consents[0]), consents)
            _multiply(connection, pattern, batch, per_visit=1)
        _count_on(connection)


def add_waiting(installation: Installation, pattern: Pattern, batch: Batch) -> None:
    """Add messages that wait, several of one appointment; their patients can't be opened and need not be."""
    with connected(installation) as connection:
        if connection.dialect.name == "postgresql":  # ten million look-ups of keys that are right by their making
            connection.execute(sa.text("SET session_replication_role = replica"))
        visits = Batch(batch.first_id, -(-batch.count // PER_VISIT), batch.starts)
        unlike = {name: _random(connection, name) for name in ("name_hash", "phone_hash", "email_hash")}
        _generate(connection, "patients", pattern.patient, visits, {"id": "n", **unlike, "ref_hash": "NULL"})
        _multiply(connection, pattern, batch, per_visit=PER_VISIT)
        _count_on(connection)
    with connected(installation, autocommit=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("VACUUM ANALYZE"))
            connection.execute(sa.text("CHECKPOINT"))


@contextmanager
def connected(installation: Installation, *, autocommit: bool = False) -> Iterator[sa.Connection]:
    """Connect as the product does and commit at the end."""
    engine = make_engine(database_url(installation.settings))
    level = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
    try:
        with engine.connect().execution_options(**level) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SET statement_timeout = 0"))
            elif not autocommit:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
    finally:
        engine.dispose()


def _multiply(connection: sa.Connection, pattern: Pattern, batch: Batch, *, per_visit: int) -> None:
    """Write the messages of a batch and the appointments that they belong to; the patients are there."""
    visits = Batch(batch.first_id, -(-batch.count // per_visit), batch.starts)
    visit = {
        "id": "n",
        "patient_id": "n",
        "external_id": "NULL",
        "starts_at": _instant(connection, ":starts - 86400"),
        "ends_at": "NULL",
    }
    _generate(connection, "appointments", pattern.appointment, visits, visit)
    owner = f":first + (n - :first) / {per_visit}"
    due = ":starts + (n - :first) * :every"
    _generate(
        connection,
        "messages",
        pattern.message,
        batch,
        {
            "id": "n",
            "origin": "'bench/' || n",
            "patient_id": owner,
            "appointment_id": owner,
            **{name: _instant(connection, due) for name in ("planned_at", "due_at", "try_at")},
            "useful_until": _instant(connection, f"{due} + {USEFUL_FOR}"),
        },
    )


def _generate(connection: sa.Connection, table: str, row: Row, batch: Batch, changed: Mapping[str, str]) -> None:
    """Write `count` rows like `row`; `changed` holds SQL for some columns, where n runs from the first id on."""
    kept = {name: value for name, value in row.items() if name not in changed and value is not None}
    columns = [*kept, *changed]
    values = ", ".join([*(f":{name}" for name in kept), *changed.values()])
    numbers = "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS numbers(n)"
    if connection.dialect.name == "sqlite":
        numbers = "numbers"
        counted = "SELECT CAST(:first AS integer) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last"
        head = f"WITH RECURSIVE numbers(n) AS ({counted}) "
    else:
        head = ""
    statement = f"{head}INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {numbers}"
    given = {"first": batch.first_id, "last": batch.ids[-1], "starts": batch.starts, "every": batch.every}
    used = {name: value for name, value in given.items() if f":{name}" in statement}
    connection.execute(_typed(statement, kept), {**kept, **used})


def _typed(statement: str, kept: Row) -> sa.TextClause:
    """Say that instants have a zone: PostgreSQL is told the type of each value."""
    instants = [name for name, value in kept.items() if isinstance(value, datetime)]
    return sa.text(statement).bindparams(
        *(sa.bindparam(name, type_=sa.TIMESTAMP(timezone=True)) for name in instants)
    )


def _insert(table: str, row: Row) -> sa.TextClause:
    names = [name for name in row if row[name] is not None or name.endswith(("_sealed", "_hash"))]
    columns, values = ", ".join(names), ", ".join(f":{name}" for name in names)
    return _typed(f"INSERT INTO {table} ({columns}) VALUES ({values})", row)


def _patient(pattern: Pattern, vault: Vault, number: int) -> dict[str, Any]:
    """Return a patient whose addresses hold the number, so that the server sees who was sent what."""
    phone, email = f"+1514{number:07d}", f"patient{number}@patients.example"
    return {
        **pattern.patient,
        "id": number,
        "phone_sealed": vault.seal(phone, of="patients.phone"),
        "phone_hash": phone_hash(vault, phone),
        "email_sealed": vault.seal(email, of="patients.email"),
        "email_hash": email_hash(vault, email),
    }


def _instant(connection: sa.Connection, seconds: str) -> str:
    """Return SQL for an instant given in seconds of Unix time."""
    if connection.dialect.name == "sqlite":
        return f"strftime('%Y-%m-%dT%H:%M:%f000Z', {seconds}, 'unixepoch')"
    return f"to_timestamp({seconds})"


def _random(connection: sa.Connection, column: str) -> str:
    if connection.dialect.name == "sqlite":
        return "randomblob(32)"
    return f"sha256(convert_to('{column}' || n, 'UTF8'))"


def _count_on(connection: sa.Connection) -> None:
    """Let the database's own numbers begin after ours."""
    if connection.dialect.name == "postgresql":
        for table in ("patients", "appointments", "messages"):
            last = f"(SELECT max(id) FROM {table})"
            connection.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))


def _one(connection: sa.Connection, table: str, key: str, value: object) -> Row:
    (row,) = _all(connection, table, key, value)
    return row


def _all(connection: sa.Connection, table: str, key: str, value: object) -> tuple[Row, ...]:
    found = connection.execute(sa.text(f"SELECT * FROM {table} WHERE {key} = :value"), {"value": value})
    return tuple(dict(row._mapping) for row in found)  # noqa: SLF001  (SQLAlchemy's public name for it)
