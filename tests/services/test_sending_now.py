"""A person wants a message sent now: once, within quiet hours, consent, stops, pauses and approval."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from scheduler.content.templates import Texts
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.brakes import Scope
from scheduler.domain.consent import Source
from scheduler.domain.states import Status
from scheduler.errors import ConflictError, NotFoundError
from scheduler.protocols.approvals import Approvals
from scheduler.services.appointments import call_off
from scheduler.services.approver import Approver
from scheduler.services.consent import stop_address
from scheduler.services.pausing import pause, resume
from scheduler.services.sending_now import Sooner, send_now
from scheduler.store.attempts import attempts_of
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, MAIL, NEXT_DAY, PHONE, PREPARE, SMS, VISIT, House, after

AFTER_VISIT = after(VISIT, hours=2)


def now_please(house: House, message: int, approver: Approver | None = None) -> Sooner:
    with house.store.write() as tx:
        return send_now(tx, house.configuration, message, approver=approver, now=house.clock.now(), by="user:anna")


def attended(house: House) -> int:
    appointment = house.register()
    house.dispatch(PREPARE)
    house.clock.move_to(AFTER_VISIT)
    return appointment


def test_it_goes_out_at_once_and_once(any_house: House) -> None:
    appointment = attended(any_house)
    check = any_house.message(appointment, "check", SMS)
    before = any_house.message(appointment, "next_day", SMS)
    sooner = now_please(any_house, check.id)
    assert (sooner.at, sooner.reasons, sooner.waits) == (AFTER_VISIT, (), False)
    assert "by user:anna, for this appointment only" in any_house.why(appointment, "check", SMS)
    any_house.dispatch(AFTER_VISIT)
    assert any_house.message(appointment, "check", SMS).status is Status.ACCEPTED
    assert any_house.message(appointment, "next_day", SMS) == before
    for later in (FIRST_HOURS, NEXT_DAY, CHECK):
        any_house.dispatch(later)
    with any_house.store.read() as tx:
        assert len(attempts_of(tx, check.id)) == 1


def test_asking_twice_is_asking_once(any_house: House) -> None:
    appointment = attended(any_house)
    check = any_house.message(appointment, "check", SMS)
    now_please(any_house, check.id)
    now_please(any_house, check.id)
    any_house.dispatch(AFTER_VISIT)
    with any_house.store.read() as tx:
        assert len(attempts_of(tx, check.id)) == 1
    with pytest.raises(ConflictError, match="nothing of it is left to send"):
        now_please(any_house, check.id)


def test_what_an_engine_holds_is_on_its_way(any_house: House) -> None:
    appointment = attended(any_house)
    any_house.clock.move_to(NEXT_DAY)
    claimed = any_house.claim("engine")
    assert any_house.message(appointment, "next_day", SMS).id in claimed
    with pytest.raises(ConflictError, match="on its way right now"):
        now_please(any_house, any_house.message(appointment, "next_day", SMS).id)


def test_of_an_engine_and_several_people_at_once_one_message_comes(any_house: House) -> None:
    appointment = attended(any_house)
    check = any_house.message(appointment, "check", SMS).id

    def press(_turn: int) -> str:
        try:
            return str(now_please(any_house, check).waits)
        except ConflictError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        pressed = [pool.submit(press, turn) for turn in range(4)]
        any_house.dispatch(AFTER_VISIT)
        assert len([it.result(30) for it in pressed]) == 4
    any_house.dispatch(AFTER_VISIT)
    with any_house.store.read() as tx:
        assert len(attempts_of(tx, check)) == 1


def test_quiet_hours_hold_and_are_told(any_house: House) -> None:
    appointment = attended(any_house)
    night = after(VISIT, hours=12)  # ten in the evening
    any_house.clock.move_to(night)
    sooner = now_please(any_house, any_house.message(appointment, "check", SMS).id)
    morning = after(VISIT, hours=22)
    assert sooner.at == morning
    assert [it.code for it in sooner.reasons] == ["quiet_hours"]
    assert any_house.message(appointment, "check", SMS).due_at == morning
    any_house.dispatch(night)
    assert any_house.message(appointment, "check", SMS).status is Status.SCHEDULED
    any_house.dispatch(morning)
    assert any_house.message(appointment, "check", SMS).status is Status.ACCEPTED


def test_a_pause_holds_and_lets_it_go_when_it_ends(any_house: House) -> None:
    appointment = attended(any_house)
    scope = Scope("north", None, any_house.patient(appointment).id)
    with any_house.store.write() as tx:
        pause(tx, scope, why=None, by="Ada", now=AFTER_VISIT)
    check = any_house.message(appointment, "check", SMS)
    assert now_please(any_house, check.id).waits
    any_house.dispatch(AFTER_VISIT)
    assert any_house.message(appointment, "check", SMS).status is Status.SCHEDULED
    with any_house.store.write() as tx:
        resume(tx, scope, by="Ada", now=AFTER_VISIT)
    any_house.dispatch(AFTER_VISIT)
    assert any_house.message(appointment, "check", SMS).status is Status.ACCEPTED


def test_a_stop_is_told_and_nothing_changes(any_house: House) -> None:
    appointment = attended(any_house)
    with any_house.store.write() as tx:
        for channel, address in ((SMS, PHONE), (EMAIL, MAIL)):
            stop_address(tx, "north", channel, address, source=Source.REPLY, by="x", now=AFTER_VISIT)
    check = any_house.message(appointment, "check", SMS)
    with pytest.raises(ConflictError, match="can't go out now: the patient stopped messages"):
        now_please(any_house, check.id)
    assert any_house.message(appointment, "check", SMS) == check


def test_what_is_not_approved_does_not_go(any_house: House) -> None:
    appointment = attended(any_house)
    strict = replace(any_house.configuration, approvals=Approvals(steps=frozenset(), texts=frozenset()))
    approver = Approver(strict, Texts(any_house.texts_dir), live=True)
    with pytest.raises(ConflictError, match="is not approved"):
        now_please(any_house, any_house.message(appointment, "check", SMS).id, approver)


def test_advice_for_after_a_visit_is_not_sent_before_it(any_house: House) -> None:
    appointment = any_house.register()
    with pytest.raises(ConflictError, match="can't go out sooner than it is planned"):
        now_please(any_house, any_house.message(appointment, "check", SMS).id)


def test_what_prepares_for_a_visit_goes_out_as_soon_as_one_likes(any_house: House) -> None:
    appointment = any_house.register()
    now_please(any_house, any_house.message(appointment, "prepare", EMAIL).id)
    any_house.dispatch(any_house.clock.now())
    assert any_house.message(appointment, "prepare", EMAIL).status is Status.ACCEPTED


def test_nothing_is_sent_about_a_visit_that_was_called_off(any_house: House) -> None:
    appointment = any_house.register()
    message = any_house.message(appointment, "prepare", EMAIL).id
    with any_house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.CANCELLED, now=any_house.clock.now(), by="Ada")
    with pytest.raises(ConflictError, match="nothing of it is left"):
        now_please(any_house, message)
    with pytest.raises(NotFoundError):
        now_please(any_house, 999)


def test_looking_at_what_would_come_of_it_changes_nothing(any_house: House) -> None:
    appointment = attended(any_house)
    check = any_house.message(appointment, "check", SMS)
    with any_house.store.read() as tx:
        told = send_now(
            tx, any_house.configuration, check.id, approver=None, now=any_house.clock.now(), by="user:anna"
        )
    assert told.at == AFTER_VISIT
    assert any_house.message(appointment, "check", SMS) == check
