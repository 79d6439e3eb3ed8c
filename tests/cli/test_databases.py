"""Every database that can't be used: one line that says which and what to do."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from scheduler.store.database import open_store
from tests.cli.command import Command
from tests.postgres import TEST_KEYS

OTHER_KEY = "YW5vdGhlciBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXQ="


def test_a_first_command_makes_database_and_keys_for_their_owner_only(fresh: Command) -> None:
    printed = fresh.done(
        *("register", "--clinic", "lumiere", "--treatment", "microneedling", "--name", "Alice Sample"),
        *("--email", "alice@patients.example", "--at", "2030-03-20T10:00"),
    )
    assert "Appointment 1" in printed
    made = {path.name: path.stat().st_mode & 0o777 for path in (fresh.folder / "var").iterdir()}
    keys = {"secret.key": 0o600, "encryption.key": 0o600, "lookup.key": 0o600}
    assert made.items() >= {**keys, "aftercare.db": 0o600}.items()


@pytest.mark.parametrize("name", ["encryption.key", "lookup.key", "secret.key"])
def test_a_key_file_that_is_gone_is_named_and_never_made_anew(fresh: Command, name: str) -> None:
    fresh.done("db", "upgrade")
    (fresh.folder / "var" / name).unlink()
    line = fresh.refused("timeline", "1")
    assert f"var/{name} is missing: restore it from a backup" in line
    assert not (fresh.folder / "var" / name).exists()


@pytest.mark.parametrize("name", ["AFTERCARE_ENCRYPTION_KEY", "AFTERCARE_LOOKUP_KEY"])
def test_a_wrong_key_is_named(aftercare: Command, name: str) -> None:
    aftercare.register()
    aftercare.set(**{name: OTHER_KEY})
    line = aftercare.refused("timeline", "1")
    assert line.startswith(name)
    assert OTHER_KEY not in line
    assert TEST_KEYS[name] not in line


def test_a_key_that_is_none_is_named(aftercare: Command) -> None:
    aftercare.set(AFTERCARE_ENCRYPTION_KEY="secret")
    assert aftercare.refused("timeline", "1").startswith("AFTERCARE_ENCRYPTION_KEY is not a key")


def test_a_file_that_is_no_database(aftercare: Command) -> None:
    aftercare.database.write_text("Dear diary, " * 100)
    line = aftercare.refused("timeline", "1")
    assert line == "var/aftercare.db is not a database: check AFTERCARE_DATABASE_URL"


def test_a_database_of_somebody_else_is_left_as_it_is(aftercare: Command) -> None:
    aftercare.database.unlink()
    with closing(sqlite3.connect(aftercare.database)) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
        other.commit()
    before = aftercare.database.read_bytes()
    assert "var/aftercare.db" in aftercare.refused("dispatch")
    assert aftercare.database.read_bytes() == before


def test_a_database_of_a_newer_version(aftercare: Command) -> None:
    with closing(sqlite3.connect(aftercare.database)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    line = aftercare.refused("timeline", "1")
    assert line == "the database var/aftercare.db was made by a newer Aftercare (revision 9999): upgrade the program"


def test_a_database_that_another_process_holds(aftercare: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    aftercare.register()
    defaults = open_store.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "patience", timedelta(milliseconds=50))
    with closing(sqlite3.connect(aftercare.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert aftercare.json("timeline", "1")["appointment"] == 1
        line = aftercare.refused("cancel", "1")
    assert line.startswith("the database var/aftercare.db is locked by another process: stop that one")


@pytest.mark.parametrize("folder", ["var/aftercare.db/x", "/proc/nowhere"])
def test_a_database_in_a_place_that_can_not_be(aftercare: Command, folder: str) -> None:
    aftercare.set(AFTERCARE_DATABASE_URL=f"sqlite:///{folder}/aftercare.db")
    assert f"{folder}/aftercare.db" in aftercare.refused("db", "upgrade")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://localhost/care", "AFTERCARE_DATABASE_URL starts with sqlite:/// or postgresql://"),
        ("postgresql://care:tiger@127.0.0.1:1/care", "the database care at 127.0.0.1:1 does not answer"),
        ("sqlite:///:memory:", "AFTERCARE_DATABASE_URL: sqlite:/// is followed by the path of a file"),
    ],
)
def test_an_address_that_leads_nowhere_is_named_without_its_password(aftercare: Command, url: str, said: str) -> None:
    aftercare.set(AFTERCARE_DATABASE_URL=url)
    line = aftercare.refused("dispatch")
    assert line.startswith(said)
    assert "tiger" not in line


def test_a_server_without_our_tables_says_which_command_makes_them(
    aftercare: Command, empty_postgres_url: str
) -> None:
    aftercare.set(AFTERCARE_DATABASE_URL=empty_postgres_url)
    assert aftercare.refused("dispatch").endswith("is not set up for this version: run `aftercare db upgrade`")
    aftercare.done("db", "upgrade")
    assert aftercare.register() == 1
    aftercare.unset("AFTERCARE_LOOKUP_KEY")
    assert aftercare.refused("timeline", "1").startswith("not set: AFTERCARE_LOOKUP_KEY")


def test_rekey_leaves_nothing_under_the_old_key(aftercare: Command) -> None:
    aftercare.register()
    aftercare.set(AFTERCARE_ENCRYPTION_KEY=f"{OTHER_KEY},{TEST_KEYS['AFTERCARE_ENCRYPTION_KEY']}")
    assert "are now under the first key" in aftercare.done("rekey")
    aftercare.set(AFTERCARE_ENCRYPTION_KEY=OTHER_KEY)
    assert aftercare.json("timeline", "1")["appointment"] == 1
