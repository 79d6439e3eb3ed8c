"""What `apply` does to what is in flight: what was planned, once, whatever stops it and whoever works beside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.domain.appointment import AppointmentCause, AppointmentStatus
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Brake, Cause, Status
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.applying import Applied, Applier, Chosen
from scheduler.services.appointments import call_off
from scheduler.services.plan_file import writing_plan
from scheduler.services.planner import Planner
from scheduler.services.timeline import timeline
from scheduler.store.applies import all_applies
from scheduler.store.events import events_of, events_of_message
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all
from tests.services.editing import after as counted
from tests.services.editing import changed, edited, moved, new_step, planned, removed
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, NEXT_DAY, PREPARE, TIPS, VISIT, House, after
from tests.services.replying import answer
from tests.services.test_adjusting import make, move_visit

NOON = moved("2d", "12:00")


class StoppedError(Exception):
    """Somebody stopped the apply."""


def applier(house: House, configuration: Configuration, **more: object) -> Applier:
    values = {"progress": lambda _done, _all: None, "pause": lambda _seconds: None, **more}
    return Applier(house.store, configuration, house.clock, "Ada", **values)  # type: ignore[arg-type]  # by their names


def apply(house: House, configuration: Configuration, *pins: tuple[str, str], **more: object) -> Applied:
    return applier(house, configuration, **more).apply(Chosen(frozenset(pins)))


def write_plan(house: House, configuration: Configuration, path: Path, *pins: tuple[str, str]) -> Path:
    planner = Planner(configuration, frozenset(pins))
    with house.store.read() as tx, writing_plan(path, tx, planner, now=house.clock.now()) as writer:
        for page in planner.pages(tx, now=house.clock.now()):
            for visit in page.visits:
                writer.add(visit)
    return path


def edit(house: House) -> Configuration:
    """Move one step, drop one, change one and add one."""
    extra = new_step("extra", counted("10d", "09:00"))
    return edited(house.configuration, check=NOON, rebook=removed, tips=changed(template="next_day"), added=[extra])


def test_it_does_what_the_plan_said_and_a_second_plan_is_empty(any_house: House) -> None:
    appointment = any_house.register()
    new = edit(any_house)
    done = apply(any_house, new)
    assert done.apply
    assert done.apply.finished_at
    counts = {"in_flight": 1, "appointments": 1, "moved": 1, "added": 1, "dropped": 1, "changed": 1}
    assert {name: done.apply.counts[name] for name in counts} == counts
    assert any_house.message(appointment, "check").due_at == after(CHECK, hours=2)
    assert any_house.statuses(appointment)["rebook email"] == "cancelled"
    assert any_house.message(appointment, "extra").status is Status.SCHEDULED
    assert any_house.message(appointment, "tips").due_at == TIPS
    assert planned(any_house, new) == {}
    assert apply(any_house, new).apply is None


def test_every_message_that_is_to_come_goes_by_the_new_version_and_what_was_sent_by_its_own(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(PREPARE)
    old = any_house.appointment(appointment).protocol_digest
    new = edit(any_house)
    apply(any_house, new)
    digest = new.protocols["peel"].digest
    assert any_house.appointment(appointment).protocol_digest == digest
    by_version = {it.protocol_digest: set[str]() for it in any_house.messages(appointment).values()}
    for it in any_house.messages(appointment).values():
        by_version[it.protocol_digest].add(str(it.status))
    assert by_version == {old: {"accepted", "cancelled"}, digest: {"scheduled"}}


def test_messages_say_why_they_moved_and_the_history_says_by_whom(any_house: House) -> None:
    appointment = any_house.register()
    apply(any_house, edited(any_house.configuration, check=NOON))
    message = any_house.message(appointment, "check")
    with any_house.store.read() as tx:
        (event,) = events_of_message(tx, message.id)
        told = timeline(tx, any_house.configuration, appointment, now=any_house.clock.now())
    assert (event.cause, event.by) == (Cause.REPLAN, "Ada")
    assert "at: 10:00 -> 12:00" in sentence(event.reasons, told.timezone)
    assert "planned anew because the protocol was edited (at: 10:00 -> 12:00)" in any_house.why(appointment, "check")
    applied = [it for it in told.history if it.cause is AppointmentCause.APPLIED]
    assert [(it.by, sentence(it.reasons, told.timezone)) for it in applied] == [
        ("Ada", "It goes by the edited protocol from now on (check: at: 10:00 -> 12:00).")
    ]


def test_what_is_pinned_stays_as_it_was_and_later_moves_of_the_visit_keep_it(any_house: House) -> None:
    appointment = any_house.register()
    new = edited(any_house.configuration, check=NOON, tips=moved("4d", "10:00"))
    apply(any_house, new, ("peel", "check"))
    assert any_house.message(appointment, "check").due_at == CHECK
    assert any_house.message(appointment, "tips").due_at == after(TIPS, days=1)
    assert planned(any_house, new) == {}
    any_house.configuration = new
    move_visit(any_house, appointment, after(VISIT, days=1))
    assert any_house.message(appointment, "check").due_at == after(CHECK, days=1)
    assert any_house.message(appointment, "tips").due_at == after(TIPS, days=2)
    assert any_house.message(appointment, "check").protocol_digest != new.protocols["peel"].digest
    assert any_house.dispatch(after(CHECK, days=1))["sent"] >= 1


def test_who_is_registered_afterwards_follows_the_files_and_nothing_else_does(house: House) -> None:
    before = house.register(external_id="B-1")
    house.configuration = edited(house.configuration, check=NOON)
    later = house.register(external_id="B-2", name="Ann Roy", phone="416-555-0177")
    assert house.message(before, "check").due_at == CHECK
    assert house.message(later, "check").due_at == after(CHECK, hours=2)
    apply(house, house.configuration)
    assert house.message(before, "check").due_at == after(CHECK, hours=2)


def test_an_exception_is_kept(any_house: House) -> None:
    appointment = any_house.register()
    make(any_house, appointment, "check", skip=True)
    make(any_house, appointment, "tips", at=after(TIPS, hours=3))
    new = edited(any_house.configuration, check=NOON, tips=moved("5d", "10:00"))
    apply(any_house, new)
    assert any_house.statuses(appointment)["check sms"] == "cancelled"
    assert any_house.message(appointment, "tips").due_at == after(TIPS, hours=3)
    assert planned(any_house, new) == {}


def test_a_follow_up_that_waits_moves_with_its_step(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.dispatch(CHECK)
    answer(any_house, "2", after(CHECK, hours=1))
    timing = any_house.configuration.protocols["needling"].step("recheck")
    assert timing
    new = edited(any_house.configuration, "needling", recheck=removed)
    apply(any_house, new)
    assert any_house.statuses(appointment)["recheck sms"] == "cancelled"


def test_a_message_that_an_engine_has_claimed_is_taken_out_of_its_hands(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(NEXT_DAY)
    any_house.clock.move_to(CHECK)
    ids = any_house.claim("engine")
    prepared = any_house.decide("engine", ids)
    apply(any_house, edited(any_house.configuration, check=NOON))
    begun = any_house.dispatcher("engine").sender().begin(prepared.letters)
    assert begun == []
    assert any_house.message(appointment, "check").due_at == after(CHECK, hours=2)
    assert any_house.dispatch(after(CHECK, hours=2)) == {"sent": 1}


def test_what_is_being_sent_is_waited_for_and_what_comes_back_goes_by_the_new_plan(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(NEXT_DAY)
    any_house.clock.move_to(CHECK)
    (letter,) = any_house.prepare("engine", any_house.claim("engine")).letters
    waits: list[float] = []

    def fail_for_now(seconds: float) -> None:
        """While the apply waits, the provider says: later."""
        waits.append(seconds)
        retry = Move(letter.due.message.id, Status.SENDING, Cause.RETRY, Status.SCHEDULED, by="engine")
        with any_house.store.write() as tx:
            move_all(tx, [retry] if len(waits) == 1 else [], now=any_house.clock.now())

    apply(any_house, edited(any_house.configuration, check=NOON), pause=fail_for_now)
    assert waits
    message = any_house.message(appointment, "check")
    assert (message.status, message.due_at) == (Status.SCHEDULED, after(CHECK, hours=2))


def test_what_is_held_stays_held_when_only_its_text_is_another(any_house: House) -> None:
    appointment = any_house.register()
    message = any_house.message(appointment, "tips")
    held = Move(message.id, Status.SCHEDULED, Cause.DECIDE, Status.HELD, by="test", brake=Brake.CAP)
    with any_house.store.write() as tx:
        move_all(tx, [held], now=any_house.clock.now())
    apply(any_house, edited(any_house.configuration, tips=changed(template="next_day")))
    message = any_house.message(appointment, "tips")
    assert (message.status, message.brake) == (Status.HELD, Brake.CAP)


def crowd(house: House, count: int) -> list[int]:
    return [house.register(name=f"Patient {n}", phone=f"416-555-0{100 + n}", email="") for n in range(count)]


def stop_after(batches: int) -> Callable[[int, int], None]:
    passed: list[int] = []

    def progress(done: int, _total: int) -> None:
        passed.append(done)
        if len(passed) == batches:
            raise StoppedError

    return progress


def test_one_that_was_stopped_goes_on_where_it_was_and_is_one_in_the_history(any_house: House) -> None:
    visits = crowd(any_house, 7)
    new = edit(any_house)
    with pytest.raises(StoppedError):
        apply(any_house, new, batch=2, progress=stop_after(2))
    moved_so_far = [it for it in visits if any_house.message(it, "check").due_at != CHECK]
    assert len(moved_so_far) == 4
    done = apply(any_house, new, batch=2)
    assert done.resumed
    assert all(any_house.message(it, "check").due_at == after(CHECK, hours=2) for it in visits)
    with any_house.store.read() as tx:
        (kept,) = all_applies(tx)
        events = [it for visit in visits for it in events_of(tx, visit) if it.cause is AppointmentCause.APPLIED]
    assert (kept.counts["in_flight"], kept.counts["moved"], len(events)) == (7, 7, 7)
    assert (kept.by, kept.edits[0]["step"], kept.edits[0]["in_flight"]) == ("Ada", "check", 7)


def test_the_same_edit_made_anew_after_another_is_an_apply_of_its_own(house: House) -> None:
    appointment = house.register()
    first, back = edited(house.configuration, check=NOON), house.configuration
    for configuration in (first, back, first):
        assert apply(house, configuration).apply
    assert house.message(appointment, "check").due_at == after(CHECK, hours=2)
    with house.store.read() as tx:
        assert len(all_applies(tx)) == 3


def test_only_one_applies_at_a_time(any_house: House) -> None:
    any_house.register()
    with any_house.store.turn("apply") as mine:
        assert mine
        with pytest.raises(ConflictError, match="another `aftercare apply` is at work"):
            apply(any_house, edit(any_house))
    assert apply(any_house, edit(any_house)).apply


def test_what_was_called_off_keeps_its_version_and_moves_when_it_is_booked_again_and_planned(house: House) -> None:
    appointment = house.register()
    with house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")
    new = edited(house.configuration, check=NOON)
    assert apply(house, new).apply is None
    house.configuration = new
    move_visit(house, appointment, VISIT)
    assert house.message(appointment, "check").due_at == CHECK
    apply(house, new)
    assert house.message(appointment, "check").due_at == after(CHECK, hours=2)


def test_nothing_goes_out_by_the_old_plan_afterwards(any_house: House) -> None:
    appointment = any_house.register()
    apply(any_house, edit(any_house))
    for at in (PREPARE, FIRST_HOURS, NEXT_DAY):
        any_house.dispatch(at)
    assert any_house.dispatch(CHECK) == {}
    assert any_house.dispatch(after(CHECK, hours=2)) == {"sent": 1}
    assert any_house.dispatch(TIPS) == {"sent": 1}
    assert any_house.statuses(appointment)["tips sms"] == "accepted"
    assert any_house.statuses(appointment)["rebook email"] == "cancelled"
    assert any_house.messages(appointment)["prepare", EMAIL].status is Status.ACCEPTED
