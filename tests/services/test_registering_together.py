"""Registrations of a batch are entered as if they came one by one, whatever they have to do with each other."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.errors import ConflictError
from scheduler.services.intake import Registration
from scheduler.services.registration import Registered
from scheduler.settings import read_settings
from scheduler.store.database import Store, open_store
from scheduler.store.patients import get_patient
from scheduler.store.tables import appointments, consents, events, messages, patients
from tests.postgres import TEST_KEYS
from tests.services.house import VISIT, House, after

Entered = Registered | str
"""What became of a registration: its result, or why it was refused."""


def entered(house: House, registrations: Sequence[Registration]) -> list[Entered]:
    """Enter them together, as an import does."""
    registrar = house.registrar(follow=True)
    with house.store.write() as tx:
        book = registrar.open(tx, "north", registrations)
        done: list[Entered] = []
        for registration in registrations:
            try:
                done.append(registrar.enter(book, registration))
            except ConflictError as refused:
                done.append(str(refused))
        book.write()
    return done


def one_by_one(house: House, registrations: Sequence[Registration]) -> Iterator[Entered]:
    for registration in registrations:
        try:
            yield house.enter(registration, follow=True)
        except ConflictError as refused:
            yield str(refused)


def contents(store: Store) -> dict[str, list[Any]]:
    """Return all that is stored, patients opened. Messages go by their origin: their numbers may differ."""
    happened = [column for column in events.c if column.name not in ("id", "message_id")]
    queries = {
        "appointments": sa.select(appointments),
        "messages": sa.select(*(column for column in messages.c if column.name != "id")),
        "events": sa.select(messages.c.origin, *happened).select_from(events.outerjoin(messages)),
    }
    ledger = [column for column in consents.c if column.name != "id"]
    with store.read() as tx:
        found = {name: sorted(map(repr, tx.connection.execute(query))) for name, query in queries.items()}
        ids = tx.connection.scalars(sa.select(patients.c.id).order_by(patients.c.id))
        people = [get_patient(tx, patient_id) for patient_id in ids]
        lines = list(tx.connection.execute(sa.select(*ledger).order_by(consents.c.patient_id, consents.c.id)))
        return {**found, "patients": people, "consents": lines}


def some_row(random: Random, house: House) -> Registration:
    """Return a registration of one of a few people, visits and ids, so that they meet each other often."""
    return house.registration(
        treatment=random.choice(["peel", "peel", "peel", "laser"]),
        name=random.choice(["Zoë Lachance", "zoe LACHANCE", "Léo Lachance", "Ann Roy"]),
        phone=random.choice(["+14165550123", "+14165550123", "+14165550124", ""]),
        email=random.choice(["zoe@patients.example", "ann@patients.example"]),
        language=random.choice(["", "fr", "en"]),
        patient_id=random.choice(["", "", "", "chart-1", "chart-2"]),
        external_id=random.choice(["", "", "B-1", "B-2", "B-3", "B-4"]),
        starts_at=after(VISIT, days=random.randrange(3)).isoformat(),
        ends_at=random.choice(["", "", after(VISIT, days=3).isoformat()]),
        status=random.choice(["", "", "booked", "booked", "completed", "cancelled", "no_show"]),
        consent_sms=random.choice(["", "yes", "no"]),
        consent_marketing=random.choice(["", "yes", "no"]),
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_leaves_what_its_registrations_leave_one_by_one(
    house: House, tmp_path: Path, texts_dir: Path, seed: int
) -> None:
    other_settings = read_settings({"AFTERCARE_DATA_DIR": str(tmp_path / "other"), **TEST_KEYS})
    with open_store(other_settings) as store:
        other = House(store, other_settings, texts_dir, clock=house.clock)
        random = Random(seed)
        for size in (20, 12, 30):
            rows = [some_row(random, house) for _ in range(size)]
            assert entered(house, rows) == list(one_by_one(other, rows))
            assert contents(house.store) == contents(store)
            house.clock.move_by(after(VISIT, hours=30) - VISIT)
    assert len(contents(house.store)["appointments"]) > 5


@pytest.mark.parametrize("seed", [101, 102])
def test_a_batch_is_the_same_on_both_databases(any_house: House, tmp_path: Path, texts_dir: Path, seed: int) -> None:
    other_settings = read_settings({"AFTERCARE_DATA_DIR": str(tmp_path / "other"), **TEST_KEYS})
    with open_store(other_settings) as store:
        other = House(store, other_settings, texts_dir, clock=any_house.clock)
        random = Random(seed)
        for _ in range(3):
            rows = [some_row(random, any_house) for _ in range(20)]
            assert kinds(entered(any_house, rows)) == kinds(one_by_one(other, rows))
            assert visits(any_house) == visits(other)


def kinds(done: Iterable[Entered]) -> list[str]:
    return ["refused" if isinstance(it, str) else it.result.value for it in done]


def visits(house: House) -> list[tuple[Any, ...]]:
    """Return each visit with the phone of its patient and where its messages stand, the numbers aside."""
    with house.store.read() as tx:
        found = tx.connection.execute(sa.select(appointments)).all()
    return sorted(
        (it.treatment, it.starts_at, it.external_id or "", it.status, house.patient(it.id).phone or "", str(told))
        for it in found
        for told in [sorted(house.statuses(it.id).items())]
    )


def test_what_is_new_in_a_batch_is_met_again_by_its_next_registrations(any_house: House) -> None:
    again = after(VISIT, days=40).isoformat()
    first, same, moved, ref, later, off = entered(
        any_house,
        [
            any_house.registration(),
            any_house.registration(external_id="B-1", phone="+14165550199"),
            any_house.registration(external_id="B-1", starts_at=after(VISIT, days=1).isoformat()),
            any_house.registration(external_id="B-2", patient_id="chart-7", starts_at=again),
            any_house.registration(
                patient_id="chart-7", name="Zoë Martin", starts_at=after(VISIT, days=80).isoformat()
            ),
            any_house.registration(external_id="B-1", status="cancelled"),
        ],
    )
    assert kinds([first, same, moved, ref, later, off]) == [
        "registered", "unchanged", "rescheduled", "registered", "registered", "cancelled"
    ]  # fmt: skip
    assert isinstance(first, Registered)
    assert isinstance(later, Registered)
    assert first.appointment
    assert later.appointment
    assert set(any_house.statuses(first.appointment).values()) == {"cancelled"}
    assert set(any_house.statuses(later.appointment).values()) == {"scheduled"}
    patient = any_house.patient(first.appointment)
    assert patient == any_house.patient(later.appointment)
    assert (patient.name, patient.ref, patient.phone) == ("Zoë Martin", "chart-7", "+14165550123")
    assert all(len(verdicts) == 1 for verdicts in any_house.ledger(first.appointment).values())


def test_what_is_refused_in_a_batch_leaves_nothing_and_spoils_no_other(any_house: House) -> None:
    stranger = {"name": "Bob Stone", "phone": "+14165550177", "email": "bob@patients.example"}
    done = entered(
        any_house,
        [
            any_house.registration(external_id="B-1", patient_id="chart-7"),
            any_house.registration(external_id="B-1", consent_sms="no", **stranger),
            any_house.registration(external_id="B-9", patient_id="chart-7", **stranger),
            any_house.registration(external_id="B-1", treatment="laser", language="es"),
            any_house.registration(external_id="B-2", name="Ann Roy"),
        ],
    )
    assert kinds(done) == ["registered", "refused", "refused", "refused", "registered"]
    stored = contents(any_house.store)
    assert [patient.name for patient in stored["patients"]] == ["Zoë Lachance", "Ann Roy"]
    assert stored["patients"][0].language is None
    assert len(stored["appointments"]) == 2
    assert {line.verdict.value for line in stored["consents"]} == {"assumed_granted", "assumed_refused"}
