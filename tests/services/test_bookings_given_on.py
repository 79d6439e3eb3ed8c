"""A booking that its system gives to another person: nobody is written to about a visit that is not theirs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.booking_event import EventState
from scheduler.domain.consent import Source
from scheduler.domain.protocol import Channel
from scheduler.errors import ConflictError
from scheduler.services.appointments import call_off
from scheduler.services.bookings.events import try_again
from scheduler.services.consent import stop_patient
from scheduler.services.pausing import patient_numbered, pause
from scheduler.store.consents import record_stop
from scheduler.store.patients import described, get_patient, update_patient
from tests.services.house import CHECK, REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    OURS,
    SECRETS,
    Signed,
    calcom,
    calcom_booking,
    events,
    on,
    ours,
    outcomes,
    tell,
    visits,
    with_sources,
)

OLD = {"names": ["Old", "Person"], "mobile": "416 555 0170"}
NEW = {"names": ["New", "Human"], "mobile": "416 555 0189"}


def said(house: House, number: int, client: Mapping[str, object], word: str = "moved", **more: str) -> Signed:
    at = (REGISTERED + timedelta(minutes=number)).isoformat()
    visit = {"id": "PC1", "day": "2026-03-18", "time": "10:00", "what": "peel", **more}
    return ours({"id": f"e{number}", "type": word, "at": at, "visit": visit, "client": client}, house.clock.now())


def whose(house: House) -> list[tuple[str, str, str | None]]:
    """Return each visit: its patient, how it stands, and its id at the source."""
    with house.store.read() as tx:
        return [(get_patient(tx, it.patient_id).name, it.status.value, it.external_id) for it in visits(house)]


def cancel(house: House, visit: int) -> None:
    with house.store.write() as tx:
        call_off(tx, visit, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")


@pytest.mark.parametrize("more", [{}, {"time": "12:00"}])
def test_a_booking_given_to_somebody_else_is_off_for_the_one_and_on_for_the_other(
    any_house: House, more: dict[str, str]
) -> None:
    house = with_sources(any_house, OURS)
    tell(house, said(house, 0, OLD, "new"), said(house, 1, NEW, **more))
    assert whose(house) == [("Old Person", "cancelled", None), ("New Human", "booked", "PC1")]
    assert "appointment 1 was called off" in events(house)[-1].reason
    tell(house, said(house, 0, OLD, "new", day="2026-03-19"))
    assert outcomes(house)[-1] == "older"
    tell(house, said(house, 2, OLD))
    assert whose(house) == [("Old Person", "booked", "PC1"), ("New Human", "cancelled", None)]
    tell(house, said(house, 3, NEW, "off"))
    assert [it[1] for it in whose(house)] == ["cancelled"] * 2
    assert house.dispatch(CHECK + timedelta(days=1)) == {}


def test_so_it_is_where_a_move_gives_the_booking_another_id(house: House) -> None:
    with_sources(house, CALCOM)
    other = [{"name": "Tee Other", "email": "other@patients.example"}]
    moved = {"rescheduleUid": "a", "attendees": other}
    minute = REGISTERED + timedelta(minutes=1)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "a", VISIT, REGISTERED)))
    tell(house, calcom(calcom_booking("BOOKING_RESCHEDULED", "b", VISIT, minute, **moved)))
    assert whose(house) == [("John Doe", "cancelled", None), ("Tee Other", "booked", "b")]


def test_one_that_can_not_be_registered_is_off_for_who_had_it(house: House) -> None:
    with_sources(house, OURS)
    tell(house, said(house, 0, OLD, "new"), said(house, 1, {**NEW, "mobile": "12"}))
    assert on(house) == []
    assert events(house)[-1].reason.endswith("appointment 1 is called off here")


def test_a_name_that_was_mistyped_is_corrected(any_house: House) -> None:
    house = with_sources(any_house, OURS)
    phone = {"mobile": "416 555 0170"}
    tell(house, said(house, 0, {"names": ["Kristin", "Vale"], **phone}, "new"))
    tell(house, said(house, 1, {"names": ["Kirstin", "Vale"], **phone}))
    assert whose(house) == [("Kirstin Vale", "booked", "PC1")]
    tell(house, said(house, 2, {"names": ["Amy", "Vale"], **phone}))
    assert whose(house) == [("Kirstin Vale", "cancelled", None), ("Amy Vale", "booked", "PC1")]


def test_an_id_that_is_not_known_to_be_of_that_system_waits_for_a_person_and_then_is_taken(any_house: House) -> None:
    house = with_sources(any_house, OURS)
    house.enter(house.registration(external_id="PC1"), follow=True)
    tell(house, said(house, 0, NEW, "new"))
    assert (whose(house), outcomes(house)) == ([("Zoë Lachance", "booked", "PC1")], ["refused"])
    cancel(house, 1)
    (again,) = try_again(house.store, house.configuration, house.clock, [1], secret_of=SECRETS.get)
    assert again.state is EventState.DONE
    assert whose(house) == [("Zoë Lachance", "cancelled", None), ("New Human", "booked", "PC1")]


def test_a_row_of_a_file_takes_the_id_of_what_was_called_off_and_no_other(any_house: House) -> None:
    house = any_house
    house.enter(house.registration(external_id="PC1"), follow=True)
    other = house.registration(external_id="PC1", name="New Human", phone="+14165550189", email="n@patients.example")
    with pytest.raises(ConflictError):
        house.enter(other, follow=True)
    cancel(house, 1)
    with pytest.raises(ConflictError):
        house.enter(other)
    house.enter(other, follow=True)
    assert whose(house) == [("Zoë Lachance", "cancelled", None), ("New Human", "booked", "PC1")]
    house.enter(other, follow=True)
    assert len(visits(house)) == 2


def silence(house: House, how: str) -> None:
    patient, now = visits(house)[0].patient_id, house.clock.now()
    with house.store.write() as tx:
        if how == "paused":
            pause(tx, patient_numbered(tx, patient, None), why=None, by="desk", now=now)
        elif how == "revoked":
            stop_patient(tx, patient, source=Source.STAFF, by="desk", now=now)
        elif how == "stopped":
            record_stop(tx, "north", Channel.SMS, "+14165550170", source="staff", by="desk", now=now)


def rename(house: House, name: str) -> None:
    with house.store.write() as tx:
        patient = replace(get_patient(tx, visits(house)[0].patient_id), name=name)
        update_patient(tx, described(tx.vault, patient), now=house.clock.now())


AT_HOME = {"mobile": "416 555 0170"}


@pytest.mark.parametrize("how", ["paused", "revoked", "stopped"])
def test_nobody_who_wants_no_messages_becomes_somebody_new_by_another_spelling(any_house: House, how: str) -> None:
    house = with_sources(any_house, OURS)
    tell(house, said(house, 0, {"names": ["Ann", "Smith"], **AT_HOME}, "new"))
    silence(house, how)
    tell(house, said(house, 1, {"names": ["Ann Marie", "Smith"], **AT_HOME}, time="12:00"))
    assert whose(house) == [("Ann Marie Smith", "booked", "PC1")]
    tell(house, said(house, 2, {"names": ["Ann", "Jones"], **AT_HOME}))
    assert whose(house) == [("Ann Jones", "booked", "PC1")]
    tell(house, said(house, 3, {"names": ["Nancy", "Jones"], **AT_HOME}))
    assert whose(house) == [("Ann Jones", "cancelled", "PC1")]
    assert (outcomes(house)[-1], [it.code for it in events(house)[-1].why]) == (
        "refused",
        ["name_of_silent", "kept_back"],
    )
    (again,) = try_again(house.store, house.configuration, house.clock, [4], secret_of=SECRETS.get)
    tell(house, said(house, 5, {"names": ["Nancy", "Jones"], **AT_HOME}, time="15:00"))
    assert (again.state, outcomes(house)[-1]) == (EventState.REFUSED, "refused")
    assert whose(house) == [("Ann Jones", "cancelled", "PC1")]
    rename(house, "Nancy Jones")
    (again,) = try_again(house.store, house.configuration, house.clock, [5], secret_of=SECRETS.get)
    assert (again.state, whose(house)) == (EventState.DONE, [("Nancy Jones", "booked", "PC1")])
    tell(house, said(house, 7, NEW))
    assert whose(house) == [("Nancy Jones", "cancelled", None), ("New Human", "booked", "PC1")]


def test_the_first_name_of_who_is_written_last_name_first_is_what_counts(house: House) -> None:
    with_sources(house, OURS)
    tell(house, said(house, 0, {"names": ["Vale,", "Kristin"], **AT_HOME}, "new"))
    tell(house, said(house, 1, {"names": ["Vale,", "Amy"], **AT_HOME}))
    assert whose(house) == [("Vale, Kristin", "cancelled", None), ("Vale, Amy", "booked", "PC1")]
    tell(house, said(house, 2, {"names": [",", ","], **AT_HOME}))
    assert whose(house)[1] == ("Vale, Amy", "cancelled", None), "what is no name is not hers"


def test_a_visit_that_is_over_is_given_to_nobody_else(house: House) -> None:
    with_sources(house, OURS)
    tell(house, said(house, 0, {"names": ["Liz", "Past"], **AT_HOME}, "new"))
    house.clock.move_to(VISIT + timedelta(days=1))
    tell(house, said(house, 1, {"names": ["Elizabeth", "Past"], **AT_HOME}), said(house, 2, NEW))
    assert (whose(house), outcomes(house)[1:]) == ([("Liz Past", "cancelled", "PC1")], ["refused"] * 2)
    tell(house, said(house, 3, {"names": ["Liz", "Past"], **AT_HOME}))
    assert whose(house) == [("Liz Past", "booked", "PC1")]
