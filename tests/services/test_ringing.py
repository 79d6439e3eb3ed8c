"""An alert reaches whoever is on call, then the next, until somebody takes it; each ring happens once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import OnCall
from scheduler.domain.protocol import Channel
from scheduler.errors import ConflictError
from scheduler.services.alerts import close_alert, end_alert, raise_alert, take_alert
from scheduler.services.circuits import open_up
from scheduler.services.ringing import raise_and_ring
from scheduler.store.alerts import open_alerts
from scheduler.store.circuits import Fault
from scheduler.store.database import open_store
from scheduler.store.messages import next_wake
from scheduler.store.tables import messages
from tests.servers.behaviours import refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import House, after
from tests.services.on_call import (
    ALICE,
    BOB,
    CAROL,
    WHY,
    Phones,
    alarm,
    history,
    now,
    raise_,
    ring,
    rung,
    with_on_call,
)

DAY = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
"""Eleven in the morning in Toronto, in summer time."""
NIGHT = datetime(2026, 3, 11, 3, 0, tzinfo=UTC)
"""Eleven at night there; quiet hours end at eight, noon in UTC."""
MORNING = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


@pytest.fixture
def ward(any_live: House) -> House:
    """The installation with Alice, Bob and Carol on call at north, in this order."""
    any_live.configuration = with_on_call(ALICE, BOB, CAROL)
    any_live.clock.move_to(DAY)
    return any_live


@pytest.fixture
def phones(twilio: TwilioServer, smtp: SmtpServer) -> Phones:
    return Phones(twilio, smtp)


def test_an_urgent_alert_reaches_the_first_on_call_on_each_way_at_once(ward: House, phones: Phones) -> None:
    alert = alarm(ward)
    ward.dispatch(DAY)
    assert phones.rung == ["+14165550111", "alice@north.example"]
    ((_, text),) = phones.texts
    assert "http://127.0.0.1:8000/a/" in text
    assert rung(ward, alert) == [(DAY, "Alice: sms, email")]


def test_not_taken_in_time_the_next_is_told_and_then_the_next(ward: House, phones: Phones) -> None:
    alert = alarm(ward)
    for minutes in (0, 9, 10, 19, 20):
        ward.dispatch(after(DAY, minutes=minutes))
    assert [who for _, who in rung(ward, alert)] == ["Alice: sms, email", "Bob: sms", "Carol: email"]
    assert [at for at, _ in rung(ward, alert)] == [after(DAY, minutes=it) for it in (0, 10, 20)]
    assert phones.rung == ["+14165550111", "+14165550112", "alice@north.example", "carol@north.example"]


def test_once_taken_nobody_else_is_told(ward: House, phones: Phones) -> None:
    alert = alarm(ward)
    ward.dispatch(DAY)
    with ward.store.write() as tx:
        assert take_alert(tx, alert.id, by="Alice", now=after(DAY, minutes=3)).first
    phones.forget()
    for hours in (1, 2, 24):
        ward.dispatch(after(DAY, hours=hours))
    assert phones.rung == []
    assert [(it.cause.value, it.by) for it in history(ward, alert)] == [
        ("raised", "engine"),
        ("rung", "engine"),
        ("taken", "Alice"),
    ]


def test_whoever_takes_it_second_learns_who_was_first(ward: House) -> None:
    alert = alarm(ward)
    with ward.store.write() as tx:
        take_alert(tx, alert.id, by="Alice", now=DAY)
    with ward.store.write() as tx:
        second = take_alert(tx, alert.id, by="Bob", now=after(DAY, minutes=1))
    assert (second.first, second.alert.taken_by, second.alert.taken_at) == (False, "Alice", DAY)
    assert [it.by for it in history(ward, alert) if it.cause == "taken"] == ["Alice"]


def test_it_goes_round_three_times_and_then_once_an_hour_while_it_is_urgent(ward: House) -> None:
    ward.configuration = with_on_call(ALICE, BOB)
    alert = alarm(ward)
    rounds = [timedelta(minutes=10 * it) for it in range(6)]
    slow = [rounds[-1] + timedelta(hours=it) for it in (1, 2, 3)]
    for span in [*rounds[1:], *slow]:
        ward.clock.move_to(DAY + span - timedelta(seconds=1))
        assert ring(ward) == 0
        ward.clock.move_to(DAY + span)
        assert ring(ward) == 1
    names = [who.partition(":")[0] for _, who in rung(ward, alert)]
    assert names == ["Alice", "Bob"] * 4 + ["Alice"]


def test_what_is_not_urgent_stops_ringing_after_three_rounds_and_stays_on_the_list(ward: House) -> None:
    ward.configuration = with_on_call(ALICE, BOB)
    alert = alarm(ward, AlertKind.REPLY)
    for _ in range(5):
        ward.clock.move_by(timedelta(minutes=10))
        assert ring(ward) == 1
    assert now(ward, alert).ring_at is None
    ward.clock.move_by(timedelta(days=2))
    assert ring(ward) == 0
    with ward.store.read() as tx:
        assert [it.id for it in open_alerts(tx)] == [alert.id]


@pytest.mark.parametrize(
    "kind", [it for it in AlertKind if it is not AlertKind.URGENT], ids=lambda kind: str(kind.value)
)
def test_what_can_wait_is_told_after_the_quiet_hours(house: House, kind: AlertKind) -> None:
    house.configuration = with_on_call(ALICE, BOB)
    house.clock.move_to(NIGHT)
    alert = alarm(house, kind)
    assert (rung(house, alert), now(house, alert).ring_at) == ([], MORNING)
    house.clock.move_to(MORNING)
    ring(house)
    assert rung(house, alert) == [(MORNING, "Alice: sms, email")]


def test_the_next_is_not_woken_either_for_what_can_wait(house: House) -> None:
    house.configuration = with_on_call(ALICE, BOB)
    evening = datetime(2026, 3, 10, 23, 55, tzinfo=UTC)
    house.clock.move_to(evening)
    alert = alarm(house, AlertKind.REPLY)
    assert now(house, alert).ring_at == MORNING


def test_an_urgent_alert_rings_in_the_night(ward: House, phones: Phones) -> None:
    ward.clock.move_to(NIGHT)
    alarm(ward)
    ward.dispatch(NIGHT)
    assert phones.rung == ["+14165550111", "alice@north.example"]


def test_a_fault_of_the_whole_installation_waits_for_the_first_clinic_that_is_awake(house: House) -> None:
    known = with_on_call(ALICE)
    night = known.clinics["north"].quiet_hours
    clinics = {name: replace(it, quiet_hours=night) for name, it in known.clinics.items()}
    house.configuration = replace(known, clinics=clinics)
    house.clock.move_to(NIGHT)
    alert = raise_(house, AlertKind.PAST_DUE, clinic=None)
    ring(house)
    assert now(house, alert).ring_at == datetime(2026, 3, 11, 7, 0, tzinfo=UTC)  # eight in Madrid


def test_without_contacts_of_its_own_the_installations_alerts_go_to_all_clinics_each_address_once(
    ward: House, phones: Phones
) -> None:
    south = replace(
        ward.configuration.clinics["south"],
        on_call=(OnCall("Same", email=ALICE.email), OnCall("Desk", email="desk@south.example")),
    )
    ward.configuration = replace(ward.configuration, clinics={**ward.configuration.clinics, "south": south})
    alert = raise_(ward, AlertKind.PAST_DUE, clinic=None)
    for minutes in (0, 10, 20, 30):
        ward.dispatch(after(DAY, minutes=minutes))
    assert [who.partition(":")[0] for _, who in rung(ward, alert)] == ["Alice", "Bob", "Carol", "Desk"]
    assert len(phones.rung) == len(set(phones.rung)) == 5


def test_the_installations_own_contacts_come_first_and_after_its_own_time(ward: House, phones: Phones) -> None:
    operator = OnCall("Operator", email="ops@group.example")
    ward.configuration = with_on_call(ALICE, on_call=(operator, BOB), escalate_after=timedelta(minutes=25))
    alert = raise_(ward, AlertKind.DOUBT, clinic=None)
    for minutes in (0, 24, 25):
        ward.dispatch(after(DAY, minutes=minutes))
    assert [at for at, _ in rung(ward, alert)] == [DAY, after(DAY, minutes=25)]
    assert phones.rung == ["+14165550112", "ops@group.example"]


def test_a_clinic_that_names_nobody_has_the_installations_contacts(ward: House, phones: Phones) -> None:
    ward.configuration = with_on_call(on_call=(CAROL,))
    alarm(ward)
    ward.dispatch(DAY)
    assert phones.rung == ["carol@north.example"]


def test_with_nobody_on_call_it_is_looked_at_again_in_an_hour_and_nothing_is_lost(ward: House) -> None:
    nobody = {name: replace(it, on_call=()) for name, it in ward.configuration.clinics.items()}
    ward.configuration = replace(ward.configuration, clinics=nobody)
    alert = alarm(ward)
    assert (now(ward, alert).rings, now(ward, alert).ring_at) == (0, after(DAY, hours=1))
    ward.configuration = with_on_call(BOB)
    ward.clock.move_to(after(DAY, hours=1))
    ring(ward)
    assert rung(ward, alert) == [(after(DAY, hours=1), "Bob: sms")]


def test_whom_nothing_can_be_sent_to_is_left_out(house: House) -> None:
    mute = replace(with_on_call(BOB, ALICE), overridden={})
    north = replace(mute.clinics["north"], sms=None)
    house.configuration = replace(mute, clinics={**mute.clinics, "north": north})
    house.clock.move_to(DAY)
    alert = alarm(house)
    assert rung(house, alert) == [(DAY, "Alice: email")]


def test_a_refused_sms_channel_still_gets_its_own_alert_out_by_email(
    ward: House, phones: Phones, twilio: TwilioServer
) -> None:
    ward.configuration = with_on_call(ALICE)
    appointment = ward.register(treatment="laser", starts_at=after(DAY, hours=-23).isoformat())
    twilio.default = refuse(401, 20003)
    ward.dispatch(ward.message(appointment, "first_day").due_at)
    assert [to for to, _ in phones.mails] == ["alice@north.example"]
    assert phones.texts == []


def test_an_alert_of_everything_goes_out_from_a_sender_that_works(house: House) -> None:
    house.configuration = with_on_call(on_call=(ALICE,))
    house.clock.move_to(DAY)
    with house.store.write() as tx:
        open_up(tx, {Fault(Channel.EMAIL, "care@north.example", "5.7.8", "no"): []}, now=DAY)
    ring(house)
    assert senders(house) == {"sms": "north", "email": "south"}


def senders(house: House) -> dict[str, str]:
    with house.store.read() as tx:
        found = tx.connection.execute(sa.select(messages.c.channel, messages.c.clinic))
        return {row.channel.value: row.clinic for row in found}


def test_a_fault_that_ends_rings_no_more(ward: House, phones: Phones) -> None:
    alert = raise_(ward, AlertKind.BACKLOG, subject="north")
    ward.dispatch(DAY)
    with ward.store.write() as tx:
        end_alert(tx, AlertKind.BACKLOG, "north", now=after(DAY, minutes=1))
    phones.forget()
    ward.dispatch(after(DAY, hours=3))
    assert phones.rung == []
    assert [it.cause.value for it in history(ward, alert)] == ["raised", "rung", "closed"]


def test_two_engines_that_ring_at_the_same_time_ring_once(ward: House) -> None:
    alert = raise_(ward)
    ward.clock.move_to(after(DAY, minutes=1))
    together(ward, ring, 4)
    assert len(rung(ward, alert)) == 1
    assert now(ward, alert).rings == 1
    with ward.store.read() as tx:
        assert len(tx.connection.execute(sa.select(messages.c.id)).all()) == 2


def test_of_two_who_take_it_at_the_same_time_one_is_first(ward: House) -> None:
    alert = alarm(ward)
    first: list[bool] = []

    def take(house: House) -> None:
        with house.store.write() as tx:
            taken = take_alert(tx, alert.id, by=threading.current_thread().name, now=DAY)
        first.append(taken.first)

    together(ward, take, 4)
    assert sorted(first) == [False, False, False, True]
    assert [it.cause.value for it in history(ward, alert)].count("taken") == 1


def together(house: House, work: Callable[[House], object], count: int) -> None:
    """Do the same on so many connections at once."""
    start = threading.Barrier(count)
    faults: list[BaseException] = []

    def run() -> None:
        try:
            with open_store(house.settings) as store:
                start.wait(20)
                work(house.on(store))
        except BaseException as error:  # noqa: BLE001  (whatever it is, the test fails with it)
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


def test_the_first_ring_is_in_the_transaction_that_raises_the_alert(ward: House) -> None:
    def fail() -> None:
        with ward.store.write() as tx:
            raise_and_ring(tx, ward.configuration, AlertKind.URGENT, "reply 9", reasons=WHY, clinic="north", now=DAY)
            raise ConflictError

    with pytest.raises(ConflictError):
        fail()
    with ward.store.read() as tx:
        assert open_alerts(tx) == ()
        assert tx.connection.execute(sa.select(messages.c.id)).all() == []


def test_the_engine_wakes_when_the_next_is_to_be_told(ward: House) -> None:
    alarm(ward)
    ward.dispatch(DAY)
    with ward.store.read() as tx:
        assert next_wake(tx) == after(DAY, minutes=10)


def test_the_same_again_rings_nobody_again(ward: House) -> None:
    alarm(ward)
    with ward.store.write() as tx:
        again = raise_alert(tx, AlertKind.URGENT, "reply 1", reasons=WHY, clinic="north", now=DAY)
    assert again is None
    assert ring(ward) == 0


def test_a_person_closes_what_is_about_a_patient_and_a_fault_closes_itself(ward: House) -> None:
    alert, fault = alarm(ward), raise_(ward, AlertKind.LATE, subject="north")
    with ward.store.write() as tx:
        closed = close_alert(tx, alert.id, by="Alice", now=after(DAY, minutes=5))
    assert closed.closed_at == after(DAY, minutes=5)
    with ward.store.write() as tx, pytest.raises(ConflictError, match="ends by itself"):
        close_alert(tx, fault.id, by="Alice", now=DAY)
