"""Registering appointments that are read and checked, against writing the same rows with nothing but the driver."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa

from benchmarks.bench import Bench, expect
from benchmarks.databases import Databases
from benchmarks.figures import Measured, ratio
from benchmarks.installation import CLINIC, TREATMENT, Installation
from benchmarks.seeding import connected
from scheduler.clock import SystemClock
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load
from scheduler.services.exports.importing import BATCH
from scheduler.services.intake import Field, Registration, read_registration
from scheduler.services.registration import Registrar
from scheduler.store.database import Store, open_store

TABLES = ("patients", "appointments", "messages", "consents", "events")
"""What a registration writes, in an order that foreign keys allow."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table, as the driver reads and takes them."""

    table: str
    columns: tuple[str, ...]
    values: list[Any]


def measure_registration(bench: Bench) -> list[Measured]:
    """Measure every store."""
    found = []
    for name, store in bench.stores.items():
        bench.say(f"{name}: registration of {bench.sizes.registrations} appointments")
        empty = store.new()
        bench.installation.on(empty).run("db", "upgrade")
        rows = _written(bench, store, empty)
        sides = bench.alternate(
            "appointments/s",
            {"registered": _registering(bench, store, empty), "executemany": _writing(bench, store, empty, rows)},
        )
        found.append(ratio(f"registration-{name.lower()}", sides["registered"], sides["executemany"]))
        store.drop(empty)
    return found


def _written(bench: Bench, store: Databases, empty: str) -> list[Rows]:
    """Return the rows that registration writes."""
    url = store.copy(empty)
    on = bench.installation.on(url)
    with open_store(on.settings) as opened:
        configuration = load(on.settings.config_dir)
        _register(opened, configuration, _registrations(configuration, bench.sizes.registrations))
    with connected(on) as connection:
        rows = [_read(connection, table) for table in TABLES]
    store.drop(url)
    return rows


def _registering(bench: Bench, store: Databases, empty: str) -> Callable[[], float]:
    def register() -> float:
        url = store.copy(empty)
        on = bench.installation.on(url)
        configuration = load(on.settings.config_dir)
        given = _registrations(configuration, bench.sizes.registrations + BATCH)
        with open_store(on.settings) as opened:
            _register(opened, configuration, given[:BATCH])  # to warm up
            started = time.perf_counter()
            _register(opened, configuration, given[BATCH:])
            took = time.perf_counter() - started
        with connected(on) as connection:
            expect(connection.execute(sa.text("SELECT count(*) FROM appointments")).scalar_one(), len(given))
        store.drop(url)
        return bench.sizes.registrations / took

    return register


def _register(store: Store, configuration: Configuration, given: Sequence[Registration]) -> None:
    """Take them in as an import does, a batch a transaction."""
    registrar = Registrar(configuration, SystemClock(), by="bench", follow=True)
    for start in range(0, len(given), BATCH):
        with store.write() as tx:
            book = registrar.open(tx, CLINIC, given[start : start + BATCH])
            for registration in given[start : start + BATCH]:
                registrar.enter(book, registration)
            book.write()


def _registrations(configuration: Configuration, count: int) -> list[Registration]:
    """Return checked registrations of new patients, as an export of next month gives them."""
    clinic = configuration.clinic(CLINIC)
    first = datetime.now(UTC) + timedelta(days=20)
    return [
        read_registration(
            {
                Field.NAME: f"Zoë Lachance {number}",
                Field.PHONE: f"+1514{555 + number // 10_000}{number % 10_000:04d}",
                Field.EMAIL: f"patient{number}@patients.example",
                Field.LANGUAGE: "en",
                Field.EXTERNAL_ID: f"B-{number}",
                Field.STARTS_AT: (first + timedelta(minutes=15 * (number % 2000))).isoformat(),
                Field.CONSENT_SMS: "yes",
                Field.CONSENT_EMAIL: "yes",
            },
            clinic,
            TREATMENT,
        )
        for number in range(count)
    ]


def _writing(bench: Bench, store: Databases, empty: str, rows: Sequence[Rows]) -> Callable[[], float]:
    """Write the same rows into the same tables, in as many transactions."""

    def write() -> float:
        url = store.copy(empty)
        on = bench.installation.on(url)
        transactions = -(-bench.sizes.registrations // BATCH)
        with _driver(on) as (connection, mark):
            started = time.perf_counter()
            for number in range(transactions):
                for it in rows:
                    share = it.values[
                        len(it.values) * number // transactions : len(it.values) * (number + 1) // transactions
                    ]
                    if share:
                        names, marks = ", ".join(it.columns), ", ".join([mark] * len(it.columns))
                        connection.cursor().executemany(f"INSERT INTO {it.table} ({names}) VALUES ({marks})", share)
                connection.commit()
            took = time.perf_counter() - started
        store.drop(url)
        return bench.sizes.registrations / took

    return write


@contextmanager
def _driver(on: Installation) -> Iterator[tuple[Any, str]]:
    """Connect with the driver alone, as safe as the product; give its mark for a value too."""
    settings = on.settings
    if settings.on_sqlite:
        connection: Any = sqlite3.connect(settings.database_url.removeprefix("sqlite:///"))
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        mark = "?"
    else:
        connection, mark = psycopg.connect(settings.database_url), "%s"
    try:
        yield connection, mark
    finally:
        connection.close()


def _read(connection: sa.Connection, table: str) -> Rows:
    found = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY id"))
    return Rows(table, tuple(found.keys()), [tuple(row) for row in found])
