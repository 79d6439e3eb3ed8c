"""Pauses: what they stop and when, what waits, what a resume brings back, and what the timeline says meanwhile."""

import pytest

from scheduler.domain.brakes import Scope
from scheduler.domain.states import Brake, Status
from scheduler.errors import NotFoundError
from scheduler.services.appointments import reschedule
from scheduler.services.braking import BrakeReader
from scheduler.services.judging import Judge, waiting_still
from scheduler.services.pausing import Paused, Resumed, patient_called, patient_of_appointment, pause, resume
from scheduler.store.appointments import get_appointment
from scheduler.store.due import load_due
from scheduler.store.messages import next_wake
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, NEXT_DAY, PREPARE, SMS, TIPS, VISIT, House, after

EVERYTHING = Scope()


def stop(house: House, scope: Scope = EVERYTHING, *, by: str = "Ada", why: str | None = None) -> Paused:
    with house.store.write() as tx:
        return pause(tx, scope, why=why, by=by, now=house.clock.now())


def go_on(house: House, scope: Scope = EVERYTHING) -> Resumed:
    with house.store.write() as tx:
        return resume(tx, scope, by="Ada", now=house.clock.now())


def scope_of(house: House, appointment: int) -> Scope:
    with house.store.read() as tx:
        return patient_of_appointment(tx, appointment, None)


def test_what_is_paused_waits_and_a_resume_wakes_it_at_once(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    any_house.clock.move_to(VISIT)
    assert stop(any_house).waiting == 1
    due = any_house.message(appointment, "first_day").due_at
    assert any_house.dispatch(due) == {"put_off": 1}
    waiting = any_house.message(appointment, "first_day")
    assert (waiting.status, waiting.brake, waiting.due_at) == (Status.SCHEDULED, Brake.PAUSE, due)
    any_house.clock.move_to(after(due, minutes=5))
    assert go_on(any_house).woken == 1
    with any_house.store.read() as tx:
        assert next_wake(tx) == any_house.clock.now()
    assert any_house.dispatch(after(due, minutes=5)) == {"sent": 1}
    assert any_house.message(appointment, "first_day").brake is None


@pytest.mark.parametrize(
    ("scope", "waits"),
    [
        (Scope(), {"north sms", "north email", "south sms"}),
        (Scope("north"), {"north sms", "north email"}),
        (Scope(channel=SMS), {"north sms", "south sms"}),
        (Scope("north", EMAIL), {"north email"}),
        (Scope("south", EMAIL), set()),
    ],
)
def test_a_pause_covers_what_it_names_and_nothing_else(any_house: House, scope: Scope, waits: set[str]) -> None:
    there = {it: any_house.register(clinic=it, name=f"Zoë of {it}") for it in ("north", "south")}
    any_house.clock.move_to(after(FIRST_HOURS, hours=1))
    any_house.dispatch(after(FIRST_HOURS, hours=1))
    stop(any_house, scope)
    any_house.dispatch(after(NEXT_DAY, hours=4))
    kept = {
        f"{clinic} {channel}"
        for clinic, appointment in there.items()
        for (step, channel), it in any_house.messages(appointment).items()
        if step == "next_day" and it.brake is Brake.PAUSE
    }
    assert kept & {"north sms", "north email", "south sms"} == waits


def test_a_paused_patient_gets_nothing_and_another_of_the_clinic_does(any_live: House, twilio: TwilioServer) -> None:
    paused = any_live.register(phone="416-555-0101", name="Ann Roy", email="ann@patients.example")
    any_live.register(phone="416-555-0102", name="Bob Roy", email="bob@patients.example")
    stop(any_live, scope_of(any_live, paused))
    any_live.dispatch(FIRST_HOURS)
    assert [it.to for it in twilio.taken] == ["+14165550102"]


def test_pausing_and_resuming_twice_changes_nothing(any_house: House) -> None:
    first, second = stop(any_house, by="Ada"), stop(any_house, by="Bob")
    assert (first.is_new, second.is_new) == (True, False)
    assert second.order == first.order
    assert [it.pause.by for it in go_on(any_house).lifted] == ["Ada"]
    again = go_on(any_house)
    assert (again.lifted, again.woken, again.others) == ((), 0, ())


def test_what_a_second_pause_covers_waits_on_when_the_first_is_lifted(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    due = any_house.message(appointment, "first_day").due_at
    stop(any_house)
    stop(any_house, Scope("north"))
    any_house.dispatch(due)
    resumed = go_on(any_house)
    assert resumed.woken == 0
    assert [it.pause.scope for it in resumed.others] == [Scope("north")]
    assert any_house.dispatch(after(due, minutes=1)) == {}
    assert go_on(any_house, Scope("north")).woken == 1
    assert any_house.dispatch(after(due, minutes=1)) == {"sent": 1}


def test_a_general_resume_leaves_a_paused_patient_alone(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    stop(any_house, scope_of(any_house, appointment))
    stop(any_house)
    go_on(any_house)
    assert any_house.dispatch(any_house.message(appointment, "first_day").due_at) == {"put_off": 1}


def test_what_stops_being_useful_while_paused_expires_and_names_the_pause(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    message = any_house.message(appointment, "first_day")
    any_house.clock.move_to(after(message.due_at, hours=-1))
    stop(any_house, by="Ada")
    any_house.dispatch(message.due_at)
    assert any_house.dispatch(message.useful_until) == {"expired": 1}
    assert "paused by Ada since" in any_house.why(appointment, "first_day")
    assert "it stopped being useful at" in any_house.why(appointment, "first_day")


def test_the_timeline_says_who_paused_it_since_when_and_that_it_goes_out_afterwards(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    due = any_house.message(appointment, "first_day").due_at
    stop(any_house, Scope("north"), by="Ada")
    ahead = any_house.why(appointment, "first_day")
    assert "paused by Ada since Tue 2026-03-10 11:00 (this clinic); it goes out when that is over" in ahead
    any_house.dispatch(due)
    assert any_house.why(appointment, "first_day").count("paused by Ada") == 1
    go_on(any_house, Scope("north"))
    assert "paused" not in any_house.why(appointment, "first_day")
    assert "will be sent at" in any_house.why(appointment, "first_day")


def test_after_a_long_pause_the_late_rules_count_and_nobody_gets_a_burst(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    appointment = any_live.register()
    any_live.clock.move_to(PREPARE)
    stop(any_live)
    for moment in (PREPARE, FIRST_HOURS, NEXT_DAY, CHECK, TIPS):
        assert "sent" not in any_live.dispatch(moment)
    monday = after(TIPS, hours=1)
    any_live.clock.move_to(monday)
    go_on(any_live)
    assert any_live.dispatch(monday)["sent"] == 1
    assert any_live.dispatch(after(monday, minutes=9)) == {}
    assert any_live.dispatch(after(monday, minutes=10)) == {"sent": 1}
    assert [it.body.split()[1] for it in twilio.taken] == ["check", "tips"]
    assert smtp.delivered == []
    assert any_live.statuses(appointment)["next_day sms"] == "expired"


def test_a_pause_that_comes_after_the_decision_stops_what_has_not_begun(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    any_house.clock.move_to(any_house.message(appointment, "first_day").due_at)
    letters = any_house.decide("engine", any_house.claim("engine")).letters
    stop(any_house)
    assert any_house.dispatcher("engine").sender().begin(letters) == []
    given_back = any_house.message(appointment, "first_day")
    assert (given_back.status, given_back.attempt) == (Status.SCHEDULED, None)
    assert any_house.dispatch(any_house.clock.now()) == {"put_off": 1}


def test_a_resume_between_the_decision_and_its_commit_loses_no_message(any_house: House) -> None:
    any_house.register(treatment="laser")
    any_house.clock.move_to(after(VISIT, days=1))
    stop(any_house)
    ids, now = any_house.claim("engine"), any_house.clock.now()
    with any_house.store.read() as tx:
        dues = load_due(tx, ids, now=now).due
        brakes = BrakeReader(any_house.configuration).read(tx, dues, now=now)
    verdicts = Judge(any_house.configuration, brakes).judge(dues, now=now)
    assert [it.decision.brake for it in verdicts] == [Brake.PAUSE]
    assert go_on(any_house).woken == 0
    with any_house.store.write() as tx:
        assert [it.decision.at for it in waiting_still(tx, verdicts, now=now)] == [now]


def test_the_other_channel_takes_over_when_one_is_paused_for_half_of_the_usefulness(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    appointment = any_live.register()
    any_live.dispatch(after(NEXT_DAY, hours=2))
    texts, mails = len(twilio.taken), len(smtp.delivered)
    stop(any_live, Scope(channel=SMS))
    any_live.dispatch(CHECK)
    message = any_live.message(appointment, "check")
    half = message.planned_at + (message.useful_until - message.planned_at) / 2
    assert (message.brake, message.try_at) == (Brake.PAUSE, half)
    any_live.dispatch(half)
    assert any_live.message(appointment, "check").status is Status.SUPPRESSED
    any_live.dispatch(after(half, hours=10))  # half of it has gone at 22:00: quiet hours end at 08:00
    assert any_live.message(appointment, "check", EMAIL).status is Status.ACCEPTED
    assert (len(twilio.taken), len(smtp.delivered)) == (texts, mails + 1)


def test_cancelling_and_rescheduling_work_on_what_is_paused(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    due = any_house.message(appointment, "first_day").due_at
    stop(any_house)
    any_house.dispatch(due)
    with any_house.store.write() as tx:
        found = get_appointment(tx, appointment)
        again = after(VISIT, days=7)
        reschedule(tx, any_house.configuration, found, starts_at=again, now=any_house.clock.now(), by="test")
    moved = any_house.message(appointment, "first_day")
    assert (moved.status, moved.brake, moved.due_at) == (Status.SCHEDULED, None, after(due, days=7))


def test_a_patient_is_found_by_the_clinics_own_id(any_house: House) -> None:
    appointment = any_house.register(patient_id="P-7")
    with any_house.store.read() as tx:
        assert patient_called(tx, "north", "P-7", None) == scope_of(any_house, appointment)
        with pytest.raises(NotFoundError) as refused:
            patient_called(tx, "south", "P-7", None)
    assert "P-7" not in str(refused.value)
