"""What was sent nowhere goes again on purpose: as a message of its own, once, to the address of now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.states import Status
from scheduler.errors import ConflictError
from scheduler.services.appointments import call_off
from scheduler.services.resending import Bar, Candidate, Word, candidates, resend
from scheduler.store.attempts import attempts_of
from scheduler.store.messages import Message, get_message
from scheduler.store.patients import described, update_patient
from scheduler.store.tables import attempts
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, NEXT_DAY, PREPARE, SMS, House, after

NEW_PHONE = "+14165550177"


def attended(house: House) -> int:
    appointment = house.register()
    for instant in (PREPARE, FIRST_HOURS):
        house.dispatch(instant)
    return appointment


def correct_phone(house: House, appointment: int, phone: str | None = NEW_PHONE) -> None:
    with house.store.write() as tx:
        known = replace(house.patient(appointment), phone=phone)
        update_patient(tx, described(tx.vault, known), now=house.clock.now())


def again(house: House, message: int, **word: bool) -> tuple[int, datetime]:
    with house.store.write() as tx:
        return resend(tx, house.configuration, message, Word(**word), now=house.clock.now(), by="user:anna")


def offered(house: House, appointment: int) -> Mapping[tuple[str, str], Candidate]:
    with house.store.read() as tx:
        found = candidates(tx, house.configuration, house.patient(appointment).id, now=house.clock.now())
    return {(it.message.step, it.message.channel.value): it for it in found}


def stored(house: House, message: int) -> Message:
    with house.store.read() as tx:
        return get_message(tx, message)


def test_it_goes_to_the_corrected_number_as_the_next_occurrence(any_house: House) -> None:
    appointment = attended(any_house)
    first = any_house.message(appointment, "first_hours")
    correct_phone(any_house, appointment)
    number, due_at = again(any_house, first.id)
    assert due_at == FIRST_HOURS
    new = stored(any_house, number)
    assert (new.step, new.channel, new.occurrence, new.origin) == (
        "first_hours",
        SMS,
        2,
        f"{appointment}/first_hours/sms/2",
    )
    any_house.dispatch(FIRST_HOURS)
    with any_house.store.read() as tx:
        assert [it.address for it in attempts_of(tx, number)] == [NEW_PHONE]
        assert len(attempts_of(tx, first.id)) == 1


def test_asked_for_twice_it_goes_once(any_house: House) -> None:
    appointment = attended(any_house)
    first = any_house.message(appointment, "first_hours").id
    correct_phone(any_house, appointment)
    again(any_house, first)
    with pytest.raises(ConflictError, match="still to come"):
        again(any_house, first)
    any_house.dispatch(FIRST_HOURS)
    with pytest.raises(ConflictError, match="sent again already"):
        again(any_house, first)


def test_to_the_same_address_only_where_a_person_says_so(any_house: House) -> None:
    appointment = attended(any_house)
    first = any_house.message(appointment, "first_hours").id
    assert offered(any_house, appointment)["first_hours", "sms"].reached
    with pytest.raises(ConflictError, match="would get it twice"):
        again(any_house, first)
    again(any_house, first, although_reached=True)


def test_what_no_longer_helps_only_where_a_person_says_so(any_house: House) -> None:
    appointment = attended(any_house)
    first = any_house.message(appointment, "first_hours")
    correct_phone(any_house, appointment)
    any_house.clock.move_to(after(first.useful_until, hours=18))
    assert not offered(any_house, appointment)["first_hours", "sms"].useful
    with pytest.raises(ConflictError, match="no longer helps"):
        again(any_house, first.id)
    number, due_at = again(any_house, first.id, although_useless=True)
    assert stored(any_house, number).useful_until > due_at


def test_quiet_hours_hold(any_house: House) -> None:
    appointment = attended(any_house)
    correct_phone(any_house, appointment)
    any_house.clock.move_to(after(FIRST_HOURS, hours=9))
    _, due_at = again(any_house, any_house.message(appointment, "first_hours").id)
    assert due_at == after(FIRST_HOURS, hours=19)


def test_what_may_be_with_the_provider_is_found_out_first(any_house: House) -> None:
    appointment = attended(any_house)
    first = any_house.message(appointment, "first_hours").id
    correct_phone(any_house, appointment)
    with any_house.store.write() as tx:
        unknown = sa.update(attempts).where(attempts.c.message_id == first).values(outcome=Status.UNKNOWN)
        tx.connection.execute(unknown)
    assert offered(any_house, appointment)["first_hours", "sms"].bar is Bar.IN_DOUBT
    with pytest.raises(ConflictError, match="found out first"):
        again(any_house, first, although_reached=True, although_useless=True)


def test_what_makes_no_sense_any_more_never_goes(any_house: House) -> None:
    appointment = attended(any_house)
    prepare = any_house.message(appointment, "prepare", EMAIL).id
    with pytest.raises(ConflictError, match="makes no sense for this appointment"):
        again(any_house, prepare, although_reached=True, although_useless=True)
    with any_house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.NO_SHOW, now=any_house.clock.now(), by="Ada")
    assert {it.bar for it in offered(any_house, appointment).values()} == {Bar.OVER}


def test_without_an_address_there_is_nowhere_to_send_it(any_house: House) -> None:
    appointment = attended(any_house)
    correct_phone(any_house, appointment, None)
    assert offered(any_house, appointment)["first_hours", "sms"].bar is Bar.NO_ADDRESS


def test_where_one_channel_stands_in_for_the_other_both_count(any_house: House) -> None:
    appointment = attended(any_house)
    any_house.dispatch(NEXT_DAY)
    any_house.dispatch(CHECK)
    correct_phone(any_house, appointment)
    check = any_house.message(appointment, "check", SMS)
    assert check.status is Status.ACCEPTED
    number, _ = again(any_house, check.id)
    any_house.dispatch(CHECK)
    assert stored(any_house, number).status is Status.ACCEPTED
    assert stored(any_house, number).ask == "redness"
