import pytest
import sqlalchemy as sa

from scheduler.errors import ConflictError, StoreError
from scheduler.store.bulk import insert_rows, reserve
from scheduler.store.database import Store
from scheduler.store.tables import meta, patients
from tests.store.samples import a_patient, an_appointment

COLUMNS = ("name", "value")
TEXTS = ["", " ", "\\N", "\\", "a\\tb", "a\tb", "a\nb\r\n", 'it\'s "quoted"', "{1,2}", "Zoë 👋", "%s ? :x", "NULL"]


def test_texts_and_bytes_come_back_as_they_were_given(store: Store) -> None:
    rows = [(f"{number} {text}", text.encode() + b"\0\xff\\") for number, text in enumerate(TEXTS)]
    with store.write() as tx:
        insert_rows(tx, "meta", COLUMNS, rows)
    with store.read() as tx:
        stored = {row.name: row.value for row in tx.connection.execute(sa.select(meta))}
    assert {name: stored[name] for name, _ in rows} == dict(rows)


def test_no_rows_are_no_statement(store: Store) -> None:
    with store.write() as tx:
        insert_rows(tx, "nowhere", COLUMNS, [])


def test_a_row_that_is_there_already_is_a_conflict_and_leaves_nothing_of_the_others(store: Store) -> None:
    with store.write() as tx:
        insert_rows(tx, "meta", COLUMNS, [("one", b"1")])
    with pytest.raises(ConflictError, match="a moment ago"), store.write() as tx:
        insert_rows(tx, "meta", COLUMNS, [("two", b"2"), ("one", b"1")])
    with store.read() as tx:
        assert tx.connection.scalar(sa.select(meta.c.value).where(meta.c.name == "two")) is None


def test_what_the_database_refuses_is_told_without_the_values(store: Store) -> None:
    with pytest.raises(StoreError) as refused, store.write() as tx:
        insert_rows(tx, "patients", ("clinic", "name_sealed"), [("lumiere", b"Zo\xc3\xab")])
    assert "Zo" not in str(refused.value)
    assert "lumiere" not in str(refused.value)


def test_reserved_ids_are_new_and_the_databases_own_go_on_after_them(store: Store) -> None:
    with store.write() as tx:
        first = a_patient(tx)
    with store.write() as tx:
        ids = reserve(tx, "patients", 3)
        assert ids == sorted(set(ids))
        assert ids[0] > first.id
        row = tx.connection.execute(sa.select(patients).where(patients.c.id == first.id)).one()
        copies = [
            (number, row.clinic, row.name_sealed, row.name_hash, *["2026-03-02T15:00:00Z"] * 2) for number in ids
        ]
        columns = ("id", "clinic", "name_sealed", "name_hash", "created_at", "updated_at")
        insert_rows(tx, "patients", columns, copies)
    with store.write() as tx:
        own = {**row._mapping}
        del own["id"]
        assert tx.connection.scalar(sa.insert(patients).values(own).returning(patients.c.id)) > ids[-1]
        assert a_patient(tx).id > ids[-1] + 1


def test_ids_that_were_never_used_hurt_nobody(store: Store) -> None:
    with store.write() as tx:
        reserve(tx, "patients", 10)
        zoe = a_patient(tx)
        reserve(tx, "appointments", 5)
        visit = an_appointment(tx, zoe)
    with store.write() as tx:
        assert an_appointment(tx, zoe, external_id="B-2").id > visit.id
