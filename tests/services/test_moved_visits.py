"""A visit that is moved after some of its messages went out: nothing is said twice, and nothing goes unsaid."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.states import Cause, Status
from scheduler.services import appointments
from scheduler.services.schedule import plan_anew
from scheduler.settings import Settings
from scheduler.store.appointments import get_appointment, set_appointment_status
from scheduler.store.claims import release_expired
from scheduler.store.database import Tx, open_store
from scheduler.store.messages import messages_of
from scheduler.store.moves import Move
from scheduler.store.patients import get_patient
from scheduler.store.plans import add_planned
from scheduler.store.transitions import move_all
from tests.servers.behaviours import refuse
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, PREPARE, SMS, TIPS, VISIT, House, after


def move(house: House, appointment: int, to: datetime) -> None:
    with house.store.write() as tx:
        found = get_appointment(tx, appointment)
        appointments.reschedule(tx, house.configuration, found, starts_at=to, now=house.clock.now(), by="desk")


def lengthen(house: House, appointment: int) -> None:
    """Correct the end of the visit: its start stays."""
    with house.store.write() as tx:
        found = get_appointment(tx, appointment)
        longer = after(found.starts_at, minutes=75)
        now = house.clock.now()
        appointments.reschedule(
            tx, house.configuration, found, starts_at=found.starts_at, ends_at=longer, now=now, by="desk"
        )


def rows(house: House, appointment: int, step: str) -> list[tuple[Channel, int, Status]]:
    """Return a step's messages: channel, occurrence, status."""
    with house.store.read() as tx:
        found = [it for it in messages_of(tx, appointment) if it.step == step]
    return sorted((it.channel, it.occurrence, it.status) for it in found)


# The other channel of `first_of`


def test_what_went_out_on_one_channel_of_first_of_does_not_go_out_on_one_that_is_learned_later(
    any_house: House,
) -> None:
    appointment = any_house.register(phone="", external_id="B-1")
    any_house.dispatch(CHECK)
    assert rows(any_house, appointment, "check") == [(EMAIL, 1, Status.ACCEPTED)]
    any_house.clock.move_to(after(CHECK, hours=1))
    longer = after(VISIT, minutes=75).isoformat()
    any_house.enter(any_house.registration(external_id="B-1", ends_at=longer), follow=True)
    any_house.dispatch(after(CHECK, hours=2))
    assert rows(any_house, appointment, "check") == [(EMAIL, 1, Status.ACCEPTED)]


def test_what_went_out_on_the_other_channel_for_want_of_consent_does_not_go_out_again_when_consent_comes(
    any_house: House,
) -> None:
    appointment = any_house.register(external_id="B-1", consent_sms="no")
    any_house.dispatch(CHECK)
    sent = [(EMAIL, 1, Status.ACCEPTED), (SMS, 1, Status.SUPPRESSED)]
    assert rows(any_house, appointment, "check") == sent
    any_house.clock.move_to(after(CHECK, hours=1))
    longer = after(VISIT, minutes=75).isoformat()
    any_house.enter(any_house.registration(external_id="B-1", consent_sms="yes", ends_at=longer), follow=True)
    any_house.dispatch(after(CHECK, hours=2))
    assert rows(any_house, appointment, "check") == sent


@pytest.mark.parametrize("by_hours", [0, 3])
def test_what_was_sent_by_the_other_channel_after_a_failure_is_not_sent_again(
    live: House, twilio: TwilioServer, by_hours: int
) -> None:
    appointment = live.register()
    twilio.default = refuse(400, 21211)
    live.dispatch(CHECK)
    move(live, appointment, after(VISIT, hours=by_hours))
    live.dispatch(after(CHECK, hours=by_hours + 1))
    assert rows(live, appointment, "check") == [(EMAIL, 1, Status.ACCEPTED), (SMS, 1, Status.FAILED)]


# Visits that took place later than their first aftercare says (ADR 13)


def test_a_visit_that_is_moved_after_its_aftercare_began_gets_its_aftercare_when_it_takes_place(
    any_house: House,
) -> None:
    """The patient did not come, and the clinic had not said so yet when the first text went out."""
    appointment = any_house.register()
    any_house.dispatch(PREPARE)
    any_house.dispatch(FIRST_HOURS)
    move(any_house, appointment, after(VISIT, weeks=2))
    assert rows(any_house, appointment, "first_hours") == [(SMS, 1, Status.ACCEPTED), (SMS, 2, Status.SCHEDULED)]
    assert rows(any_house, appointment, "check") == [(SMS, 1, Status.SCHEDULED)]
    assert any_house.dispatch(after(PREPARE, weeks=2)) == {}  # what prepares for a visit is said once
    assert any_house.dispatch(after(FIRST_HOURS, weeks=2)) == {"sent": 1}
    assert rows(any_house, appointment, "first_hours") == [(SMS, 1, Status.ACCEPTED), (SMS, 2, Status.ACCEPTED)]
    assert rows(any_house, appointment, "prepare") == [(EMAIL, 1, Status.ACCEPTED)]


def test_moved_once_more_the_occurrence_that_is_still_to_come_moves_and_a_sent_one_gets_a_further_one(
    house: House,
) -> None:
    appointment = house.register()
    house.dispatch(FIRST_HOURS)
    move(house, appointment, after(VISIT, weeks=2))
    move(house, appointment, after(VISIT, weeks=3))
    assert rows(house, appointment, "first_hours") == [(SMS, 1, Status.ACCEPTED), (SMS, 2, Status.SCHEDULED)]
    assert house.dispatch(after(FIRST_HOURS, weeks=2)) == {}
    assert house.dispatch(after(FIRST_HOURS, weeks=3))["sent"] == 1
    move(house, appointment, after(VISIT, weeks=5))
    assert rows(house, appointment, "first_hours")[1:] == [(SMS, 2, Status.ACCEPTED), (SMS, 3, Status.SCHEDULED)]


def test_moved_back_to_where_its_aftercare_went_out_it_gets_none_again(house: House) -> None:
    appointment = house.register()
    house.dispatch(FIRST_HOURS)
    move(house, appointment, after(VISIT, weeks=2))
    move(house, appointment, VISIT)
    assert rows(house, appointment, "first_hours") == [(SMS, 1, Status.ACCEPTED), (SMS, 2, Status.CANCELLED)]
    assert house.dispatch(after(FIRST_HOURS, weeks=2)).get("sent", 0) == house.dispatch(CHECK).get("sent", 0) == 0


def test_a_correction_within_the_hours_before_its_aftercare_sends_nothing_twice(house: House) -> None:
    appointment = house.register()
    house.dispatch(FIRST_HOURS)
    move(house, appointment, after(VISIT, hours=2))
    lengthen(house, appointment)
    assert rows(house, appointment, "first_hours") == [(SMS, 1, Status.ACCEPTED)]


def test_of_first_of_it_is_the_first_channel_again_that_a_later_visit_begins_with(
    live: House, twilio: TwilioServer
) -> None:
    appointment = live.register()
    twilio.default = refuse(400, 21211)
    live.dispatch(CHECK)
    move(live, appointment, after(VISIT, weeks=2))
    once = [(EMAIL, 1, Status.ACCEPTED), (SMS, 1, Status.FAILED)]
    assert rows(live, appointment, "check") == [*once, (SMS, 2, Status.SCHEDULED)]
    live.dispatch(after(CHECK, weeks=2))
    assert rows(live, appointment, "check") == [
        *(once[0], (EMAIL, 2, Status.ACCEPTED)),
        *(once[1], (SMS, 2, Status.FAILED)),
    ]


# What a new plan leaves alone


def test_a_step_that_only_a_reply_brings_about_stays_when_the_visit_is_planned_anew(any_house: House) -> None:
    appointment = any_house.register()
    with any_house.store.write() as tx:
        add_planned(tx, get_appointment(tx, appointment), [RECHECK], protocol_digest="x", now=any_house.clock.now())
    lengthen(any_house, appointment)
    assert rows(any_house, appointment, "recheck") == [(SMS, 1, Status.SCHEDULED)]
    with any_house.store.write() as tx:
        appointments.call_off(tx, appointment, AppointmentStatus.CANCELLED, now=any_house.clock.now(), by="desk")
    assert rows(any_house, appointment, "recheck") == [(SMS, 1, Status.CANCELLED)]


def test_what_a_patient_may_have_is_not_planned_anew_wherever_it_stands_since(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(FIRST_HOURS)
    any_house.prepare("dies", any_house.claim("dies"))
    any_house.clock.move_to(after(FIRST_HOURS, minutes=5))
    with any_house.store.write() as tx:
        (lost,) = release_expired(tx, now=any_house.clock.now()).lost
        doubt = Move(lost, Status.UNKNOWN, Cause.SETTLE, Status.HELD, by="test")
        assert move_all(tx, [doubt], now=any_house.clock.now()) == [lost]
    held = any_house.message(appointment, "first_hours")
    lengthen(any_house, appointment)
    assert any_house.message(appointment, "first_hours") == held
    assert held.status is Status.HELD


def test_nothing_is_planned_for_a_visit_that_was_called_off(any_house: House) -> None:
    appointment = any_house.register()
    with any_house.store.write() as tx:
        now = any_house.clock.now()
        set_appointment_status(tx, appointment, AppointmentStatus.CANCELLED, now=now, by="desk")
        found = get_appointment(tx, appointment)
        plan_anew(tx, any_house.configuration, found, get_patient(tx, found.patient_id), now=now, by="engine")
    assert set(any_house.statuses(appointment).values()) == {"cancelled"}


RECHECK = PlannedMessage(
    step="recheck",
    channel=SMS,
    occurrence=1,
    purpose=Purpose.CARE,
    planned_at=TIPS,
    due_at=TIPS,
    useful_until=after(TIPS, days=1),
    if_late=IfLate.SEND,
    ask="redness",
    fallback=(),
    status=Status.SCHEDULED,
    reasons=(),
)


# An engine that claims between the look and the change: on PostgreSQL both may write at a time


@contextmanager
def once_looked(tx: Tx, engine_claims: Callable[[], None]) -> Iterator[None]:
    """Let an engine try to claim just after the transaction has read messages."""

    def after_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("SELECT messages."):
            engine_claims()

    sa.event.listen(tx.connection, "after_cursor_execute", after_statement)
    yield
    sa.event.remove(tx.connection, "after_cursor_execute", after_statement)


@pytest.fixture
def two(postgres_settings: Settings, texts_dir: Path) -> Iterator[tuple[House, House]]:
    """The desk and an engine, each with a connection of its own to PostgreSQL."""
    with open_store(postgres_settings) as desk, open_store(postgres_settings) as engine:
        house = House(desk, postgres_settings, texts_dir)
        yield house, house.on(engine)


@pytest.mark.postgres
def test_a_message_is_not_claimed_between_the_look_and_its_cancellation(two: tuple[House, House]) -> None:
    desk, engine = two
    appointment = desk.register(email="")
    desk.clock.move_to(FIRST_HOURS)
    claimed: list[int] = []
    with desk.store.write() as tx, once_looked(tx, lambda: claimed.extend(engine.claim("engine"))):
        appointments.call_off(tx, appointment, AppointmentStatus.CANCELLED, now=desk.clock.now(), by="desk")
    assert claimed == []
    assert set(desk.statuses(appointment).values()) == {"cancelled"}


@pytest.mark.postgres
def test_a_message_is_not_claimed_between_the_look_and_its_move(two: tuple[House, House]) -> None:
    desk, engine = two
    appointment = desk.register(email="")
    desk.clock.move_to(FIRST_HOURS)
    claimed: list[int] = []
    with desk.store.write() as tx, once_looked(tx, lambda: claimed.extend(engine.claim("dies"))):
        found = get_appointment(tx, appointment)
        to = after(VISIT, weeks=1)
        appointments.reschedule(tx, desk.configuration, found, starts_at=to, now=desk.clock.now(), by="desk")
    assert claimed == []
    assert desk.message(appointment, "first_hours").due_at == after(FIRST_HOURS, weeks=1)
    assert desk.dispatch(after(FIRST_HOURS, weeks=1))["sent"] == 1


@pytest.mark.postgres
def test_what_an_engine_adds_while_the_desk_waits_for_it_is_cancelled_too(two: tuple[House, House]) -> None:
    """The SMS of `first_of` can't go out, and its email takes its place, in the instant of the cancellation."""
    desk, engine = two
    appointment = desk.register()
    desk.clock.move_to(CHECK)
    check = desk.message(appointment, "check")
    with desk.store.read() as tx:
        visit = get_appointment(tx, appointment)

    def cancel() -> None:
        with desk.store.write() as tx:
            appointments.call_off(tx, appointment, AppointmentStatus.CANCELLED, now=CHECK, by="desk")

    with ThreadPoolExecutor(1) as pool:
        with engine.store.write() as tx:
            barred = Move(check.id, Status.SCHEDULED, Cause.DECIDE, Status.SUPPRESSED, by="engine")
            move_all(tx, [barred], now=CHECK)
            cancelled = pool.submit(cancel)
            wait_until_somebody_waits(tx)
            email = replace(RECHECK, step="check", channel=EMAIL)
            assert add_planned(tx, visit, [email], protocol_digest="x", now=CHECK)
        cancelled.result(timeout=10)
    assert rows(desk, appointment, "check") == [(EMAIL, 1, Status.CANCELLED), (SMS, 1, Status.SUPPRESSED)]


def wait_until_somebody_waits(tx: Tx) -> None:
    """Look until another connection to this database stands before a lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = monotonic() + 10
    while not tx.connection.execute(waiting).scalar_one():
        assert monotonic() < until, "nobody waits"
        tx.connection.execute(sa.text("SELECT pg_stat_clear_snapshot()"))
