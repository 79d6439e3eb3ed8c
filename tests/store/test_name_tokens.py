"""Patients are found by parts of their names, of which the database holds keyed hashes only."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.store import patient_search
from scheduler.store.bulk import reserve
from scheduler.store.database import Store
from scheduler.store.name_filling import fill_name_tokens
from scheduler.store.name_tokens import TOKEN_BYTES, drop_name_tokens, tokens_of
from scheduler.store.patient_search import MOST, Clues, find_by_name, find_by_traits
from scheduler.store.patients import Patient, add_patients, described, get_patient, update_patient
from scheduler.store.search_tables import name_tokens
from scheduler.store.tables import patients

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
EVERYWHERE = Scope(None)
NORTH = Scope(frozenset({"north"}))


def add(store: Store, names: Iterable[str], clinic: str = "north") -> list[int]:
    wanted = list(names)
    with store.write() as tx:
        ids = reserve(tx, "patients", len(wanted))
        people = [
            Patient(number, clinic, f"R-{number}", name, f"+1416555{number:04}", f"p{number}@x.example", None, None)
            for number, name in zip(ids, wanted, strict=True)
        ]
        add_patients(tx, [described(tx.vault, it) for it in people], now=NOW)
    return ids


def found(store: Store, text: str, scope: Scope = EVERYWHERE) -> list[str]:
    with store.read() as tx:
        return [get_patient(tx, number).name for number in find_by_name(tx, text, scope).ids]


def rows(store: Store) -> list[tuple[bytes, str, int]]:
    with store.read() as tx:
        return [tuple(it) for it in tx.connection.execute(sa.select(name_tokens).order_by(*name_tokens.c))]


@pytest.mark.parametrize(
    "text", ["mar", "mart", "marti", "martin", "MARTÍN", " martin ", "anna mar", "martin anna", "an martin"]
)
def test_a_patient_is_found_by_the_beginnings_of_the_words(store: Store, text: str) -> None:
    add(store, ["Anna Martin", "Zoë Lachance"])

    assert found(store, text) == ["Anna Martin"]


@pytest.mark.parametrize("text", ["martine", "artin", "anna lach", "xyz", "", "  ", "-", "%", "*"])
def test_what_begins_no_word_finds_nobody(store: Store, text: str) -> None:
    add(store, ["Anna Martin", "Zoë Lachance"])

    assert found(store, text) == []


def test_short_words_are_found_whole(store: Store) -> None:
    add(store, ["Li Wu", "Linda Wong", "Bo O'Brien"])

    assert found(store, "li") == ["Li Wu"]
    assert found(store, "o brien") == ["Bo O'Brien"]
    assert found(store, "o'b") == ["Bo O'Brien"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("山田太郎", "山田"), ("Мария Иванова", "ива"), ("محمد علي", "محم"), ("김민준", "김"), ("Ñuñez", "nun")],
)
def test_names_of_other_scripts_are_found_too(store: Store, name: str, text: str) -> None:
    add(store, ["Anna Martin", name])

    assert found(store, text) == [name]


def test_those_who_are_called_just_so_come_first_and_the_latest_before_others(store: Store) -> None:
    add(store, ["Marie Roy", "Mar Roy", "Maria Roy"])

    assert found(store, "mar") == ["Mar Roy", "Maria Roy", "Marie Roy"]


def test_nobody_of_another_clinic_is_found(store: Store) -> None:
    add(store, ["Anna Martin"], "north")
    add(store, ["Anna Martinez"], "south")

    assert found(store, "martin", NORTH) == ["Anna Martin"]
    assert len(found(store, "martin")) == 2


def test_of_many_the_first_are_shown_and_it_is_said_that_there_are_more(store: Store) -> None:
    add(store, [f"Maria {chr(97 + it % 26)}{chr(97 + it // 26)}x" for it in range(MOST + 20)])

    with store.read() as tx:
        told = find_by_name(tx, "maria", EVERYWHERE)

    assert (len(told.ids), told.more) == (MOST, True)


def test_no_more_names_are_opened_than_is_bearable(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient_search, "_AT_ONCE", 10)
    monkeypatch.setattr(patient_search, "_LOOKED_AT", 30)
    add(store, ["Marc Roy", *(f"Maria R{it}" for it in range(50))])

    with store.read() as tx:
        told = find_by_name(tx, "marc", EVERYWHERE)

    assert (told.ids, told.more) == ((), True)


def test_a_new_name_is_found_and_the_old_one_no_more(store: Store) -> None:
    (number,) = add(store, ["Anna Martin"])
    with store.write() as tx:
        update_patient(tx, described(tx.vault, replace(get_patient(tx, number), name="Anna Côté")), now=NOW)

    assert found(store, "martin") == []
    assert found(store, "cote") == ["Anna Côté"]


def test_a_change_of_anything_else_leaves_the_tokens_alone(store: Store) -> None:
    (number,) = add(store, ["Anna Martin"])
    before = rows(store)
    with store.write() as tx:
        update_patient(tx, described(tx.vault, replace(get_patient(tx, number), phone=None)), now=NOW)

    assert rows(store) == before


def test_patients_of_before_the_search_get_their_tokens_once(store: Store) -> None:
    ids = add(store, ["Anna Martin", "Zoë Lachance"])
    before = rows(store)
    with store.write() as tx:
        drop_name_tokens(tx, ids)
    assert found(store, "martin") == []

    with store.write() as tx:
        filled = [fill_name_tokens(tx), fill_name_tokens(tx)]

    assert filled == [2, 0]
    assert rows(store) == before


def test_a_name_that_no_key_opens_hinders_nobody(store: Store) -> None:
    ids = add(store, ["Anna Martin", "Anna Roy"])
    with store.write() as tx:
        drop_name_tokens(tx, ids)
        tx.connection.execute(sa.update(patients).where(patients.c.id == ids[0]).values(name_sealed=b"broken"))
        assert fill_name_tokens(tx) == 1

    assert found(store, "anna") == ["Anna Roy"]


def test_a_token_is_a_short_keyed_hash_of_a_beginning_and_never_of_a_long_word(store: Store) -> None:
    tokens = tokens_of(store.vault, "Anna Martin")

    assert {len(it) for it in tokens} == {TOKEN_BYTES}
    assert len(tokens) == 4
    assert tokens_of(store.vault, "Anna Martinez") == tokens
    assert tokens.isdisjoint({store.vault.lookup("mar", of="name")[:TOKEN_BYTES]})


def test_patients_are_found_by_phone_email_and_own_id(store: Store) -> None:
    (number, *_) = add(store, ["Anna Martin", "Anna Roy"])
    clues = (
        Clues("", phones=[f"+1416555{number:04}"]),
        Clues("", email=f"P{number}@X.example"),
        Clues("", ref=f"R-{number}", clinics=["north"]),
    )

    with store.read() as tx:
        assert [find_by_traits(tx, it, NORTH) for it in clues] == [(number,)] * 3
        assert [find_by_traits(tx, it, Scope(frozenset({"south"}))) for it in clues] == [()] * 3


def test_a_search_takes_the_tokens_index(store: Store) -> None:
    add(store, ["Anna Martin"])
    with store.write() as tx:
        if tx.dialect == "postgresql":
            tx.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if tx.dialect == "sqlite" else "EXPLAIN"
        token = "x'00'" if tx.dialect == "sqlite" else "'\\x00'"
        plan = tx.connection.execute(sa.text(f"{explain} SELECT patient_id FROM name_tokens WHERE token = {token}"))
        assert "name_tokens" in str(plan.all())
        assert "SCAN name_tokens" not in str(plan)
