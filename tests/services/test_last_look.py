"""Between the decision and the hand-over: what is said meanwhile still counts, however many batches are at it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.brakes import Scope
from scheduler.domain.consent import Entry, Verdict
from scheduler.domain.outgoing import Accepted, Outgoing
from scheduler.domain.protocol import Purpose
from scheduler.domain.states import Status
from scheduler.services.pausing import pause
from scheduler.services.slots import Slots
from scheduler.store.appointments import move_appointment, set_appointment_status
from scheduler.store.consents import add_entries, lift_stop, record_stop
from scheduler.store.database import Tx
from scheduler.store.patients import described, get_patient, update_patient
from scheduler.store.tables import appointments
from tests.services.house import EMAIL, MAIL, PHONE, SMS, VISIT, House, after
from tests.services.provider import Provider
from tests.services.test_dispatch_engines import DUE, register_many


def limits(house: House, **changes: Any) -> None:
    instance = replace(house.configuration.instance, **changes)
    clinics = {
        name: replace(clinic, sms=clinic.sms and replace(clinic.sms, rate=10_000))
        for name, clinic in house.configuration.clinics.items()
    }
    house.configuration = replace(house.configuration, instance=instance, clinics=clinics)


def they_stop(tx: Tx, _patient: int) -> None:
    record_stop(tx, "north", SMS, PHONE, source="sms", by="patient", now=DUE)


def another_phone(tx: Tx, patient: int) -> None:
    moved = replace(get_patient(tx, patient), phone="+14165550199")
    update_patient(tx, described(tx.vault, moved), now=DUE)


def no_consent(tx: Tx, patient: int) -> None:
    entry = Entry(SMS, Purpose.CARE, Verdict.REVOKED, DUE, "desk")
    add_entries(tx, [(patient, entry)], by="desk")


def another_day(tx: Tx, _patient: int) -> None:
    move_appointment(tx, 1, starts_at=after(VISIT, days=7), ends_at=None, now=DUE, by="desk")


def no_show(tx: Tx, _patient: int) -> None:
    set_appointment_status(tx, 1, AppointmentStatus.NO_SHOW, now=DUE, by="desk")


@pytest.mark.parametrize(
    ("change", "becomes"),
    [
        (they_stop, Status.SUPPRESSED),
        (no_consent, Status.SUPPRESSED),
        (no_show, Status.CANCELLED),
        (another_day, Status.SCHEDULED),
        (another_phone, Status.ACCEPTED),
    ],
)
def test_what_is_said_after_the_decision_gives_the_message_back(
    any_house: House, change: Callable[[Tx, int], None], becomes: Status
) -> None:
    appointment = any_house.register(treatment="laser")
    any_house.clock.move_to(DUE)
    letters = any_house.decide("engine", any_house.claim("engine")).letters
    assert len(letters) == 1
    with any_house.store.write() as tx:
        change(tx, letters[0].due.message.of_patient)
    assert any_house.dispatcher("engine").sender().begin(letters) == []
    given_back = any_house.message(appointment, "first_day")
    assert (given_back.status, given_back.attempt, given_back.claimed_by) == (Status.SCHEDULED, None, None)
    any_house.dispatch(DUE)
    assert any_house.message(appointment, "first_day").status is becomes


def test_what_does_not_concern_the_message_stops_it_not(any_house: House) -> None:
    any_house.register(treatment="laser")
    any_house.clock.move_to(DUE)
    letters = any_house.decide("engine", any_house.claim("engine")).letters
    with any_house.store.write() as tx:
        record_stop(tx, "north", EMAIL, MAIL, source="desk", by="desk", now=DUE)
        record_stop(tx, "south", SMS, PHONE, source="sms", by="patient", now=DUE)
        record_stop(tx, "north", SMS, PHONE, source="sms", by="patient", now=DUE)
        lift_stop(tx, "north", SMS, PHONE, by="patient", now=DUE)
    assert len(any_house.dispatcher("engine").sender().begin(letters)) == 1


def test_a_stop_that_comes_while_the_batch_goes_out_is_obeyed(any_house: House) -> None:
    register_many(any_house, 2)
    limits(any_house, sms_at_once=1)

    @dataclass
    class Stopping(Provider):
        async def send(self, message: Outgoing) -> Accepted:
            with any_house.store.write() as tx:
                record_stop(tx, "north", SMS, "+14165551001", source="sms", by="patient", now=DUE)
            return await super().send(message)

    provider = Stopping(any_house.clock)
    assert any_house.dispatch(DUE, {SMS: provider, EMAIL: provider}) == {"sent": 1, "suppressed": 1}
    assert [had.to for had in provider.taken.values()] == ["+14165551000"]


@pytest.mark.parametrize("many", [2, 20])
def test_a_portion_begins_with_as_many_statements_however_large_it_is(any_house: House, many: int) -> None:
    register_many(any_house, many)
    letters = any_house.decide("engine", any_house.claim("engine")).letters
    seen: list[str] = []
    with any_house.store.read() as tx:
        engine = tx.connection.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert len(any_house.dispatcher("engine").sender().begin(letters)) == many
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert len(seen) <= 11


def test_after_a_pause_no_more_goes_out_than_goes_on_at_once_whatever_the_number_of_batches(
    any_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.dispatch.BATCH", 20)
    register_many(any_house, 60)
    limits(any_house, sms_at_once=4)

    @dataclass
    class Paused(Provider):
        async def send(self, message: Outgoing) -> Accepted:
            if not self.taken:
                await asyncio.sleep(0.2)  # the other batches begin what they can meanwhile
                with any_house.store.write() as tx:
                    pause(tx, Scope(), why=None, by="Ada", now=DUE)
            return await super().send(message)

    provider = Paused(any_house.clock)
    done = any_house.dispatch(DUE, {SMS: provider, EMAIL: provider})
    assert len(provider.taken) <= 4
    assert done == {"sent": len(provider.taken), "put_off": 60 - len(provider.taken)}


def test_engines_that_decided_by_the_same_count_keep_to_the_volume_as_they_begin(any_house: House) -> None:
    register_many(any_house, 100)
    limits(any_house, volume_floor=60)
    claimed = {owner: any_house.claim(owner, limit=50) for owner in ("one", "two")}
    letters = {owner: any_house.decide(owner, ids).letters for owner, ids in claimed.items()}
    assert [len(it) for it in letters.values()] == [50, 50]
    begun = [len(any_house.dispatcher(owner).sender().begin(it)) for owner, it in letters.items()]
    assert begun == [50, 10]
    assert any_house.dispatch(DUE) == {"held": 40}


def test_batches_side_by_side_keep_to_the_volume(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.services.dispatch.BATCH", 40)
    register_many(any_house, 200)
    limits(any_house, volume_floor=50, sms_at_once=8)
    provider = Provider(any_house.clock)
    done = any_house.dispatch(DUE, {SMS: provider, EMAIL: provider})
    assert len(provider.taken) <= 50 + 8
    assert done == {"sent": len(provider.taken), "held": 200 - len(provider.taken)}


def test_a_backlog_with_a_visit_that_has_not_begun_is_decided(house: House) -> None:
    register_many(house, 20)
    limits(house, backlog_floor=10)
    with house.store.write() as tx:
        later = sa.update(appointments).where(appointments.c.id == 5).values(starts_at=after(DUE, days=9))
        tx.connection.execute(later)
    house.clock.move_by(timedelta(hours=2))
    prepared = house.decide("engine", house.claim("engine"))
    kinds = [it.decision.kind.name for it in prepared.settled]
    assert (kinds.count("HOLD"), kinds.count("WAIT")) == (19, 1)


def test_portions_take_their_slots_in_one_step_and_give_them_back_whatever_happens() -> None:
    async def go() -> tuple[int, int]:
        slots = Slots({SMS: 4, EMAIL: 2})
        async with slots.portion(SMS, 3) as first:
            waiting = asyncio.create_task(_size(slots, 4))
            await asyncio.sleep(0)
            assert not waiting.done()
            first.end()
            size = await waiting
        with pytest.raises(ValueError, match="broken"):
            async with slots.portion(SMS, 9):
                raise ValueError("broken")
        async with slots.portion(SMS, 9) as last:
            return size, last.size

    assert asyncio.run(go()) == (2, 4)


async def _size(slots: Slots, most: int) -> int:
    async with slots.portion(SMS, most) as turn:
        return turn.size
