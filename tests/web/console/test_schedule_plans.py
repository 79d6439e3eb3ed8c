"""What an edit changes, and carrying it out, in the console: the same as on the command line, beside requests."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.errors import ConflictError
from scheduler.services.applying import Applier, Chosen
from scheduler.services.background import Job, State, StoppedError
from scheduler.services.plan_told import appointment_data
from scheduler.services.schedule_work import ScheduleWork
from scheduler.store.applies import all_applies
from scheduler.store.users import set_grant
from tests.services.editing import edited, moved, planned, removed, rows
from tests.services.house import House
from tests.web.desk import Visitor, as_session, desk_app, desk_of, make_session, make_user, signed_in

PAGE = "/desk/schedules/pending-edit"
NOON = moved("2d", "12:00")
HOLD = 30.0


@pytest.fixture
def work() -> Iterator[ScheduleWork]:
    made = ScheduleWork()
    yield made
    made.stop()


def edit(house: House) -> None:
    house.configuration = edited(house.configuration, check=NOON, tips=removed)


def of(house: House, work: ScheduleWork, role: Role = Role.OPERATOR, clinic: str = EVERY_CLINIC) -> Visitor:
    """Return the browser of somebody new, by the files of now."""
    return signed_in(desk_app(house, work=work), house.store, role, clinic)


def plan(visitor: Visitor, work: ScheduleWork, **form: Any) -> str:
    """Have a plan made; return its page."""
    begun = visitor.post(PAGE, form)
    assert begun.status_code == 303, begun.text
    work.plans.wait(HOLD)
    return visitor.get(begun.headers["location"]).text


def made_at(page: str) -> str:
    found = re.search(r'name="made_at" value="([^"]+)"', page)
    assert found, page
    return found[1]


def apply(visitor: Visitor, work: ScheduleWork, page: str, **form: Any) -> str:
    """Carry out the plan of a page; return the page afterwards."""
    begun = visitor.post(f"{PAGE}/apply", {"made_at": made_at(page), **form})
    assert begun.status_code == 303, begun.text
    work.applies.wait(HOLD)
    return visitor.get(begun.headers["location"]).text


def test_a_plan_shows_what_the_command_line_shows(any_house: House, work: ScheduleWork) -> None:
    visits = [
        any_house.register(),
        any_house.register(name="Ann", phone="+14165550124", email="ann@patients.example"),
    ]
    edit(any_house)
    page = plan(of(any_house, work), work)
    result = work.plans.result(desk_of(any_house), Chosen())
    assert result
    zone = any_house.configuration.clinic("north").timezone
    told = [appointment_data(it, zone) for it in planned(any_house, any_house.configuration).values()]
    shown = result.rows.page(1)
    assert all(change.pop("reasons") for it in shown for change in it["changes"])
    assert shown == told
    assert [it["appointment"] for it in told] == visits
    assert result.totals["moved"] == 2
    assert result.totals["dropped"] == 2
    assert "2 of 2" in page
    assert "2 moved" in page
    assert "at: 10:00 -&gt; 12:00" in page


def test_an_apply_does_what_the_plan_says_and_nothing_waits_afterwards(any_house: House, work: ScheduleWork) -> None:
    visit = any_house.register()
    edit(any_house)
    wanted = rows(any_house, visit, any_house.configuration)
    visitor = of(any_house, work)
    page = apply(visitor, work, plan(visitor, work))
    assert "The plan was carried out" in page
    assert "Nothing waits to be applied" in page
    assert ("moved", "check", "sms", "03-20 10:00", "03-20 12:00") in wanted
    zone = any_house.configuration.clinic("north").timezone
    assert f"{any_house.message(visit, 'check').due_at.astimezone(zone):%m-%d %H:%M}" == "03-20 12:00"
    assert any_house.statuses(visit)["tips sms"] == "cancelled"
    with any_house.store.read() as tx:
        (record,) = all_applies(tx)
    assert record.by.startswith("user:operator")
    history = visitor.get("/desk/schedules/apply-history").text
    assert record.by in history
    assert "Carried out" in history


def test_what_changed_since_the_plan_is_refused_in_the_words_of_apply(any_house: House, work: ScheduleWork) -> None:
    visit = any_house.register()
    edit(any_house)
    visitor = of(any_house, work)
    page = plan(visitor, work)
    any_house.register(starts_at="2026-03-25T14:00:00+00:00")
    with any_house.store.write() as tx:
        any_house.registrar(follow=True).register(tx, any_house.registration(phone="+14165550199"))
    any_house.dispatch(any_house.message(visit, "next_day").due_at)
    done = apply(visitor, work, page)
    assert "Nothing of the plan was carried out" in done
    assert "plan again" in done
    with any_house.store.read() as tx:
        assert not all_applies(tx)


def test_who_planned_since_is_named_and_the_address_of_the_form_opens_again(
    any_house: House, work: ScheduleWork
) -> None:
    any_house.register()
    edit(any_house)
    first, second = of(any_house, work), of(any_house, work)
    seen = plan(first, work)
    any_house.clock.move_by(timedelta(minutes=1))
    plan(second, work)

    refused = first.post(f"{PAGE}/apply", {"made_at": made_at(seen)})

    assert refused.status_code == 303
    page = first.get(refused.headers["location"]).text
    result = work.plans.result(desk_of(any_house), Chosen())
    assert result
    assert f"Since you looked, {result.by} planned anew" in page
    assert "no longer kept" not in page
    with any_house.store.read() as tx:
        assert not all_applies(tx)
    assert first.get(f"{PAGE}/apply").headers["location"] == PAGE


def test_a_pinned_step_stays_for_what_is_in_flight(house: House, work: ScheduleWork) -> None:
    visit = house.register()
    edit(house)
    visitor = of(house, work)
    page = plan(visitor, work, pin="peel.check")
    assert "kept as it was" in page
    assert 'value="peel.check" aria-label="Appointments in flight keep Check as it was" checked' in page
    before = house.message(visit, "check").due_at
    apply(visitor, work, page, pin="peel.check")
    assert house.message(visit, "check").due_at == before
    assert house.statuses(visit)["tips sms"] == "cancelled"


def test_a_pin_of_what_was_not_edited_is_refused_in_words(house: House, work: ScheduleWork) -> None:
    house.register()
    edit(house)
    page = plan(of(house, work), work, pin="peel.first_hours")
    assert "That could not be planned" in page
    assert "peel.first_hours was not edited" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.STAFF])
def test_who_may_not_operate_sees_the_plan_and_can_not_apply_it(
    any_house: House, work: ScheduleWork, role: Role
) -> None:
    visit = any_house.register()
    edit(any_house)
    visitor = of(any_house, work, role, "north")
    page = plan(visitor, work, clinic="north")
    assert "1 moved" in page
    assert "Only an operator" in page
    refused = visitor.post(f"{PAGE}/apply", {"made_at": "2026-03-10T15:00:00+00:00", "clinic": "north"})
    assert refused.status_code == 403
    assert any_house.statuses(visit)["tips sms"] == "scheduled"


def test_an_apply_that_touches_a_clinic_where_one_may_not_operate_is_refused_in_words(
    any_house: House, work: ScheduleWork
) -> None:
    any_house.register()
    any_house.register(clinic="south", phone="+34600000001")
    edit(any_house)
    user = make_user(any_house.store, "", Role.VIEWER, EVERY_CLINIC)
    with any_house.store.write() as tx:
        set_grant(tx, user, "north", Role.OPERATOR)
    visitor = as_session(desk_app(any_house, work=work), make_session(any_house.store, user))
    page = plan(visitor, work)
    assert "Only an operator of every clinic that it touches may apply it (North, South)" in page
    result = work.plans.result(desk_of(any_house), Chosen())
    assert result
    refused = visitor.post(f"{PAGE}/apply", {"made_at": result.made_at.isoformat()})
    assert refused.status_code == 403
    assert "The plan touches clinics where you may not carry out edits" in refused.text
    assert "The plan was carried out" in apply(visitor, work, plan(visitor, work, clinic="north"), clinic="north")


def test_who_sees_one_clinic_plans_for_that_one(any_house: House, work: ScheduleWork) -> None:
    any_house.register()
    any_house.register(clinic="south", phone="+34600000001")
    edit(any_house)
    page = plan(of(any_house, work, Role.OPERATOR, "north"), work)
    assert "1 moved" in page
    assert "South" not in page


def test_of_two_operators_who_apply_at_once_one_is_told_to_wait(any_house: House, work: ScheduleWork) -> None:
    any_house.register()
    edit(any_house)
    first, second = of(any_house, work), of(any_house, ScheduleWork())
    page = plan(first, work)
    with any_house.store.turn("apply") as mine:
        assert mine
        done = apply(first, work, page)
    assert "is at work" in done
    assert "The plan was carried out" in apply(first, work, page)
    assert "Nothing waits to be applied" in second.get(PAGE).text


def test_one_plan_is_made_at_a_time_and_the_same_one_once(any_house: House, work: ScheduleWork) -> None:
    any_house.register()
    edit(any_house)
    desk, begin, go_on = desk_of(any_house), threading.Event(), threading.Event()

    def slow(_job: Job) -> None:
        begin.set()
        go_on.wait(HOLD)

    work.plans._work.start("slow", slow, by="test", now=any_house.clock.now())
    begin.wait(HOLD)
    visitor = of(any_house, work)
    busy = visitor.post(PAGE)
    assert busy.status_code == 303
    assert "Another plan is being made" in visitor.get(busy.headers["location"]).text
    with pytest.raises(ConflictError):
        work.plans.start(desk, Chosen(), by="test")
    go_on.set()
    work.plans.wait(HOLD)
    assert "1 moved" in plan(visitor, work)


def test_a_plan_that_is_being_made_shows_how_far_it_is_and_looks_at_itself_again(
    house: House, work: ScheduleWork
) -> None:
    house.register()
    edit(house)
    job = work.plans.start(desk_of(house), Chosen(), by="user:ada")
    work.plans.wait(HOLD)
    job.state, job.done, job.total = State.RUNNING, 12_400, 100_000
    page = of(house, work).get(PAGE).text
    assert "12,400 of 100,000 appointments" in page
    assert '<progress value="12400" max="100000"' in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert "data-soon" in page


def test_a_plan_that_the_end_of_the_service_stopped_says_so_and_left_nothing(house: House) -> None:
    for number in range(3):
        house.register(name=f"Pat {number}", phone=f"+1416555013{number}", email=f"p{number}@patients.example")
    edit(house)
    work = ScheduleWork()
    work.plans._work._stopping.set()
    visitor = of(house, work)
    page = plan(visitor, work)
    assert "The plan was not finished: the service was stopped" in page
    assert not list((house.settings.data_dir / "plans").glob("*"))
    assert "1 of 3" not in page


def test_an_apply_that_the_end_of_the_service_stopped_is_gone_on_with(any_house: House) -> None:
    visit = any_house.register()
    edit(any_house)
    work = ScheduleWork()
    plan(of(any_house, work), work)
    stop_halfway(any_house, work)
    assert "A plan has not come to its end" in of(any_house, work).get(PAGE).text
    later = ScheduleWork()
    visitor = of(any_house, later)
    found = re.search(r'name="apply" value="(\d+)"', visitor.get(PAGE).text)
    assert found
    gone_on = visitor.post(f"{PAGE}/go-on", {"apply": found[1]})
    assert gone_on.status_code == 303
    later.applies.wait(HOLD)
    shown = visitor.get(PAGE).text
    assert "The plan was carried out" in shown
    assert "A plan has not come to its end" not in shown
    assert any_house.statuses(visit)["tips sms"] == "cancelled"


def stop_halfway(house: House, work: ScheduleWork) -> None:
    """Begin to carry the plan out as the console does, and end with the first batch, as the service's end does."""
    result = work.plans.result(desk_of(house), Chosen())
    assert result

    def stop(_done: int, _total: int) -> None:
        raise StoppedError

    applier = Applier(house.store, house.configuration, house.clock, "user:ada", stop)
    with pytest.raises(StoppedError):
        applier.apply_file(result.path)


def test_an_unfinished_apply_is_given_up_only_by_who_may_operate_everywhere(any_house: House) -> None:
    any_house.register()
    edit(any_house)
    work = ScheduleWork()
    visitor = of(any_house, work)
    plan(visitor, work)
    stop_halfway(any_house, work)
    assert of(any_house, work, Role.OPERATOR, "north").post(f"{PAGE}/give-up").status_code == 403
    assert visitor.post(f"{PAGE}/give-up").status_code == 303
    assert "A plan has not come to its end" not in visitor.get(PAGE).text


def test_visits_are_shown_fifty_at_a_time(house: House, work: ScheduleWork) -> None:
    for number in range(53):
        house.register(name=f"Pat {number}", phone=f"+1416555{2000 + number}", email=f"p{number}@patients.example")
    edit(house)
    visitor = of(house, work)
    assert "Page 1 of 2" in plan(visitor, work)
    second = visitor.get(f"{PAGE}?page=2").text
    assert "Page 2 of 2" in second
    assert 'rel="prev"' in second
    assert 'rel="next"' not in second
    assert "no longer kept here" in visitor.get(f"{PAGE}?page=9").text
