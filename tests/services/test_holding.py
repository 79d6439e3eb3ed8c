"""What waits for a person: the cap, the volume, the backlog; released, dropped, or expired when nobody decides."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.brakes import Scope
from scheduler.domain.states import Brake, Status
from scheduler.services.appointments import reschedule
from scheduler.services.holding import drop, release
from scheduler.services.pausing import pause, resume
from scheduler.store.alerts import open_alerts
from scheduler.store.appointments import get_appointment
from scheduler.store.held import Choice, held_groups, held_messages
from scheduler.store.volumes import count_handed_over, counts_of_hour
from tests.servers.behaviours import refuse
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, FIRST_HOURS, NEXT_DAY, TIPS, VISIT, House, after

ALL = Choice()
DUE = after(VISIT, days=1)
"""When the one step of a laser visit is due."""


def limits(house: House, **changes: Any) -> None:
    configuration = house.configuration
    house.configuration = replace(configuration, instance=replace(configuration.instance, **changes))


def many(house: House, count: int, *, clinic: str = "north") -> list[int]:
    """Register that many patients of a clinic, each with one message, all due at the same instant."""
    return [
        house.register(clinic=clinic, treatment="laser", name=f"Ann Roy {n}", phone=f"+1416555{1000 + n}")
        for n in range(count)
    ]


def where(house: House, appointments: list[int]) -> list[str]:
    return sorted(str(house.message(it, "first_day").status) for it in appointments)


def alerts(house: House) -> dict[tuple[AlertKind, str], str]:
    with house.store.read() as tx:
        return {(it.kind, it.subject): it.reasons[0].code for it in open_alerts(tx)}


def handed_over(house: House, count: int, *, clinic: str = "north", **ago: float) -> None:
    """Let a clinic have handed over so many messages, some time before they are due."""
    with house.store.write() as tx:
        count_handed_over(tx, {clinic: count}, now=DUE - timedelta(**ago))


def test_a_patient_gets_so_many_a_day_on_all_channels_and_a_person_decides_about_the_rest(any_house: House) -> None:
    limits(any_house, messages_a_day=2)
    appointment = any_house.register()
    any_house.dispatch(FIRST_HOURS)
    assert any_house.dispatch(NEXT_DAY) == {"sent": 2}
    second = any_house.register(treatment="laser", starts_at=after(VISIT, hours=1).isoformat())
    held = any_house.message(second, "first_day")
    assert any_house.dispatch(held.due_at) == {"held": 1}
    held = any_house.message(second, "first_day")
    assert (held.status, held.brake) == (Status.HELD, Brake.CAP)
    assert "the patient got 2 messages today" in any_house.why(second, "first_day")
    assert alerts(any_house) == {(AlertKind.CAP, "north"): "cap"}
    del appointment


def test_the_cap_counts_what_the_same_batch_sends_and_the_patients_own_day(any_house: House) -> None:
    limits(any_house, messages_a_day=1)
    appointment = any_house.register()
    any_house.dispatch(FIRST_HOURS)
    assert any_house.dispatch(NEXT_DAY) == {"sent": 1, "held": 1}
    assert any_house.dispatch(CHECK)["sent"] == 1
    del appointment


def test_a_released_message_is_not_held_by_the_cap_again(any_house: House) -> None:
    limits(any_house, messages_a_day=1)
    any_house.register()
    any_house.dispatch(FIRST_HOURS)
    any_house.dispatch(NEXT_DAY)
    done = release(any_house.store, Choice(brake=Brake.CAP), now=any_house.clock.now(), by="Ada")
    assert (done.moved, done.too_late) == (1, 0)
    assert alerts(any_house) == {}
    assert any_house.dispatch(NEXT_DAY) == {"sent": 1}


def test_far_more_than_usual_in_an_hour_is_held_above_the_floor(any_house: House) -> None:
    limits(any_house, volume_times=2, volume_floor=3)
    handed_over(any_house, 2, days=3)
    appointments = many(any_house, 6)
    assert any_house.dispatch(DUE) == {"sent": 4, "held": 2}
    assert where(any_house, appointments) == ["accepted"] * 4 + ["held"] * 2
    assert alerts(any_house) == {(AlertKind.VOLUME, "north"): "volume"}
    with any_house.store.read() as tx:
        assert counts_of_hour(tx, ["north"], now=DUE) == {"north": 4}
        (group,) = held_groups(tx, ALL)
    assert (group.clinic, group.step, group.brake, group.count) == ("north", "first_day", Brake.VOLUME, 2)


def test_a_clinics_first_day_under_the_floor_is_not_held(any_house: House) -> None:
    limits(any_house, volume_floor=5)
    many(any_house, 5)
    assert any_house.dispatch(DUE) == {"sent": 5}


def test_what_another_clinic_sends_and_what_it_sent_a_month_ago_does_not_count(any_house: House) -> None:
    limits(any_house, volume_times=2, volume_floor=1)
    handed_over(any_house, 100, days=29)
    handed_over(any_house, 100, clinic="south", days=1)
    many(any_house, 3)
    assert any_house.dispatch(DUE) == {"sent": 1, "held": 2}


def test_the_next_hour_has_room_again_and_knows_what_was_released(any_house: House) -> None:
    limits(any_house, volume_times=2, volume_floor=2)
    many(any_house, 4)
    assert any_house.dispatch(DUE) == {"sent": 2, "held": 2}
    release(any_house.store, ALL, now=any_house.clock.now(), by="Ada")
    assert any_house.dispatch(after(DUE, minutes=20)) == {"sent": 2}
    with any_house.store.read() as tx:
        assert counts_of_hour(tx, ["north"], now=DUE) == {"north": 4}


def test_a_retry_is_counted_once(any_live: House, twilio: TwilioServer) -> None:
    many(any_live, 1)
    twilio.script.append(refuse(429, 20429))
    assert any_live.dispatch(DUE) == {"retried": 1}
    assert any_live.dispatch(after(DUE, minutes=5)) == {"sent": 1}
    with any_live.store.read() as tx:
        assert counts_of_hour(tx, ["north"], now=DUE) == {"north": 1}


def test_a_large_backlog_is_held_for_one_look_and_what_is_on_time_goes_out(any_house: House) -> None:
    limits(any_house, backlog_floor=2)
    late = many(any_house, 3)
    late_enough = after(DUE, hours=1)
    fresh = any_house.register(name="Bob Roy", phone="+14165559999", starts_at=after(DUE, hours=-2).isoformat())
    assert any_house.message(fresh, "first_hours").due_at == late_enough
    assert any_house.dispatch(late_enough) == {"sent": 1, "held": 3, "expired": 1}
    assert where(any_house, late) == ["held"] * 3
    assert alerts(any_house)[AlertKind.BACKLOG, "north"] == "backlog"
    assert "3 messages of the clinic are late at once" in any_house.why(late[0], "first_day")


def test_a_small_backlog_or_one_that_is_a_small_part_of_a_day_goes_out(any_house: House) -> None:
    limits(any_house, backlog_floor=1, backlog_percent=50)
    for days in (2, 3, 4):
        handed_over(any_house, 4, days=days, hours=1)
        handed_over(any_house, 4, days=days)
    many(any_house, 4)
    assert any_house.dispatch(after(DUE, hours=1)) == {"sent": 4}


def test_engines_that_share_a_backlog_hold_all_of_it(any_house: House) -> None:
    limits(any_house, backlog_floor=3)
    many(any_house, 4)
    any_house.clock.move_to(after(DUE, hours=1))
    held = [(owner, any_house.claim(owner, limit=2)) for owner in ("one", "two")]
    for owner, ids in held:
        prepared = any_house.prepare(owner, ids)
        assert [it.decision.brake for it in prepared.settled] == [Brake.BACKLOG] * 2


def test_what_waited_for_a_pause_is_no_backlog(any_house: House) -> None:
    limits(any_house, backlog_floor=1)
    many(any_house, 3)
    with any_house.store.write() as tx:
        pause(tx, Scope(), why=None, by="Ada", now=any_house.clock.now())
    any_house.dispatch(DUE)
    any_house.clock.move_to(after(DUE, hours=2))
    with any_house.store.write() as tx:
        resume(tx, Scope(), by="Ada", now=any_house.clock.now())
    assert any_house.dispatch(after(DUE, hours=2)) == {"sent": 3}


def test_a_released_backlog_follows_the_late_rules_and_gives_nobody_a_burst(
    any_live: House, twilio: TwilioServer
) -> None:
    limits(any_live, backlog_floor=0)
    appointment = any_live.register()
    monday = after(TIPS, hours=1)
    assert any_live.dispatch(monday)["held"] == 4
    assert twilio.taken == []
    release(any_live.store, ALL, now=monday, by="Ada")
    assert any_live.dispatch(monday)["sent"] == 1
    assert any_live.dispatch(after(monday, minutes=10)) == {"sent": 1}
    assert [it.body.split()[1] for it in twilio.taken] == ["check", "tips"]
    assert any_live.statuses(appointment)["next_day sms"] == "expired"


def test_a_dropped_message_is_never_sent_and_says_who_decided(any_house: House) -> None:
    limits(any_house, backlog_floor=0)
    (appointment,) = many(any_house, 1)
    any_house.dispatch(after(DUE, hours=1))
    assert drop(any_house.store, ALL, now=any_house.clock.now(), by="Ada").moved == 1
    assert any_house.dispatch(after(DUE, hours=1)) == {}
    assert any_house.message(appointment, "first_day").status is Status.EXPIRED
    assert "decided by the clinic" in any_house.why(appointment, "first_day")
    assert alerts(any_house) == {}


def test_what_nobody_decides_about_expires_when_it_no_longer_helps(any_house: House) -> None:
    limits(any_house, backlog_floor=0)
    (appointment,) = many(any_house, 1)
    any_house.dispatch(after(DUE, hours=1))
    any_house.dispatch(any_house.message(appointment, "first_day").useful_until)
    expired = any_house.message(appointment, "first_day")
    assert (expired.status, expired.brake) == (Status.EXPIRED, None)
    assert any_house.why(appointment, "first_day").endswith("it stopped being useful at Sun 2026-03-22 10:00.")
    assert alerts(any_house) == {}


def test_a_release_that_comes_too_late_lets_it_expire(any_house: House) -> None:
    limits(any_house, backlog_floor=0)
    (appointment,) = many(any_house, 1)
    any_house.dispatch(after(DUE, hours=1))
    until = any_house.message(appointment, "first_day").useful_until
    done = release(any_house.store, ALL, now=until, by="Ada")
    assert (done.moved, done.too_late) == (0, 1)


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (Choice(clinic="north"), 2),
        (Choice(clinic="east"), 0),
        (Choice(brake=Brake.BACKLOG), 3),
        (Choice(brake=Brake.CAP), 0),
        (Choice("south", Brake.BACKLOG), 1),
        (Choice(appointment=1), 1),
        (Choice(ids=(1, 2, 999)), 2),
        (Choice("north", ids=(1, 2, 3)), 2),
    ],
)
def test_a_choice_narrows_what_is_meant(any_house: House, choice: Choice, count: int) -> None:
    limits(any_house, backlog_floor=0)
    many(any_house, 2)
    many(any_house, 1, clinic="south")
    any_house.dispatch(after(DUE, hours=1))
    with any_house.store.read() as tx:
        assert len(held_messages(tx, choice)) == count
    assert release(any_house.store, choice, now=any_house.clock.now(), by="Ada").moved == count


def test_a_held_message_can_be_rescheduled_and_is_looked_at_anew(any_house: House) -> None:
    limits(any_house, backlog_floor=0)
    (appointment,) = many(any_house, 1)
    any_house.dispatch(after(DUE, hours=1))
    release(any_house.store, ALL, now=any_house.clock.now(), by="Ada")
    with any_house.store.write() as tx:
        found, again = get_appointment(tx, appointment), after(VISIT, days=7)
        reschedule(tx, any_house.configuration, found, starts_at=again, now=any_house.clock.now(), by="test")
    moved = any_house.message(appointment, "first_day")
    assert (moved.status, moved.brake, moved.released_at) == (Status.SCHEDULED, None, None)
    assert any_house.dispatch(after(DUE, days=7, hours=1)) == {"held": 1}
