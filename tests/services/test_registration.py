import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.states import Status
from scheduler.errors import ConflictError
from scheduler.services.registration import Result
from tests.services.house import (
    CHECK,
    EMAIL,
    FIRST_HOURS,
    MAIL,
    NEXT_DAY,
    OFFER,
    PHONE,
    PREPARE,
    REBOOK,
    SMS,
    TIPS,
    VISIT,
    House,
    after,
)


def test_a_registered_appointment_has_its_patient_its_consent_and_its_whole_plan(any_house: House) -> None:
    appointment = any_house.register(external_id="B-1", consent_sms="yes")
    due = {key: it.due_at for key, it in any_house.messages(appointment).items()}
    assert due == {
        ("prepare", EMAIL): PREPARE,
        ("first_hours", SMS): FIRST_HOURS,
        ("next_day", SMS): NEXT_DAY,
        ("next_day", EMAIL): NEXT_DAY,
        ("check", SMS): CHECK,
        ("tips", SMS): TIPS,
        ("rebook", EMAIL): REBOOK,
        ("offer", EMAIL): OFFER,
    }
    assert {it.status for it in any_house.messages(appointment).values()} == {Status.SCHEDULED}
    assert any_house.message(appointment, "check").fallback == (EMAIL,)
    patient = any_house.patient(appointment)
    assert (patient.name, patient.phone, patient.email) == ("Zoë Lachance", PHONE, MAIL)
    assert any_house.ledger(appointment)["sms", "care"] == ["granted"]


def test_the_same_registration_again_changes_nothing(any_house: House) -> None:
    first = any_house.enter(any_house.registration(external_id="B-1"))
    again = any_house.enter(any_house.registration(external_id="B-1"))
    assert (first.result, again.result) == (Result.REGISTERED, Result.UNCHANGED)
    assert again.appointment == first.appointment
    assert first.appointment
    assert len(any_house.messages(first.appointment)) == 8
    assert all(len(verdicts) == 1 for verdicts in any_house.ledger(first.appointment).values())


def test_without_an_external_id_the_same_patient_treatment_and_start_is_the_same_appointment(house: House) -> None:
    first = house.register()
    assert house.register() == first
    assert house.register(treatment="laser") != first
    assert house.register(starts_at=after(VISIT, hours=2).isoformat()) != first


def test_what_was_registered_by_hand_is_met_again_when_the_booking_system_names_it(any_house: House) -> None:
    by_hand = any_house.register()
    done = any_house.enter(any_house.registration(external_id="B-1"), follow=True)
    assert (done.result, done.appointment) == (Result.UNCHANGED, by_hand)
    assert any_house.appointment(by_hand).external_id == "B-1"
    moved = any_house.registration(external_id="B-1", starts_at=after(VISIT, days=1).isoformat())
    assert any_house.enter(moved, follow=True).appointment == by_hand
    any_house.dispatch(after(FIRST_HOURS, days=1))
    assert any_house.statuses(by_hand)["first_hours sms"] == "accepted"


def test_an_appointment_that_has_an_external_id_is_not_taken_for_one_of_another(any_house: House) -> None:
    first = any_house.register(external_id="B-1")
    assert any_house.register(external_id="B-2") != first
    assert any_house.appointment(first).external_id == "B-1"


def test_what_was_registered_by_hand_can_be_called_off_by_a_row_that_fits_it(house: House) -> None:
    by_hand = house.register()
    done = house.enter(house.registration(external_id="B-1", status="cancelled"), follow=True)
    assert (done.result, done.appointment) == (Result.CANCELLED, by_hand)
    assert house.appointment(by_hand).status is AppointmentStatus.CANCELLED


def test_an_external_id_belongs_to_one_clinic_only(house: House) -> None:
    north = house.register(external_id="B-1")
    south = house.register(clinic="south", external_id="B-1")
    assert north != south
    assert house.patient(north).id != house.patient(south).id


def test_a_single_registration_moves_nobody_and_says_how_to(house: House) -> None:
    appointment = house.register(external_id="B-1")
    with pytest.raises(ConflictError, match=f"aftercare reschedule {appointment} --at") as refused:
        house.register(external_id="B-1", starts_at=after(VISIT, days=1).isoformat())
    assert "external_id B-1" in str(refused.value)
    assert house.appointment(appointment).starts_at == VISIT


def test_another_length_of_an_appointment_without_an_external_id_is_refused_in_words_that_fit(house: House) -> None:
    house.register(ends_at=after(VISIT, hours=1).isoformat())
    with pytest.raises(ConflictError) as refused:
        house.register(ends_at=after(VISIT, hours=2).isoformat())
    assert "None" not in str(refused.value)


def test_an_import_follows_what_the_booking_system_moved(house: House) -> None:
    appointment = house.register(external_id="B-1")
    moved = house.enter(
        house.registration(external_id="B-1", starts_at=after(VISIT, days=1).isoformat()), follow=True
    )
    assert (moved.result, moved.appointment) == (Result.RESCHEDULED, appointment)
    assert house.message(appointment, "check").due_at == after(CHECK, days=1)


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_what_was_called_off_before_it_was_known_is_not_registered(house: House, status: str) -> None:
    done = house.enter(house.registration(external_id="B-1", status=status), follow=True)
    assert (done.result, done.appointment) == (Result.UNCHANGED, None)
    assert "never registered" in done.reason


def test_an_appointment_that_the_booking_system_cancels_is_called_off_once(house: House) -> None:
    appointment = house.register(external_id="B-1")
    said = house.registration(external_id="B-1", status="cancelled")
    assert house.enter(said, follow=True).result is Result.CANCELLED
    assert house.enter(said, follow=True).result is Result.UNCHANGED
    assert set(house.statuses(appointment).values()) == {"cancelled"}


def test_an_appointment_that_is_completed_when_first_seen_gets_its_aftercare(house: House) -> None:
    house.clock.move_to(after(VISIT, hours=1))
    appointment = house.register(status="completed")
    assert house.appointment(appointment).status == "completed"
    assert house.message(appointment, "check").status is Status.SCHEDULED
    assert house.message(appointment, "prepare", EMAIL).status is Status.EXPIRED


def test_a_single_registration_does_not_book_again_what_was_called_off_and_says_how_to(house: House) -> None:
    appointment = house.register()
    house.enter(house.registration(status="cancelled"))
    for status in ("", "booked"):
        with pytest.raises(ConflictError) as refused:
            house.register(status=status)
        assert str(refused.value) == (
            f"this is appointment {appointment}, cancelled: book it again with "
            f"`aftercare reschedule {appointment} --at …`"
        )
    assert house.appointment(appointment).status is AppointmentStatus.CANCELLED


@pytest.mark.parametrize("said", ["", "booked"])
def test_what_was_called_off_is_on_again_when_the_booking_system_moves_it(house: House, said: str) -> None:
    appointment = house.register(external_id="B-1")
    house.enter(house.registration(external_id="B-1", status="no_show"), follow=True)
    moved = house.registration(external_id="B-1", status=said, starts_at=after(VISIT, days=1).isoformat())
    assert house.enter(moved, follow=True).result is Result.RESCHEDULED
    assert house.message(appointment, "check").due_at == after(CHECK, days=1)
    assert house.message(appointment, "check").status is Status.SCHEDULED


def test_what_was_called_off_stays_so_while_nothing_says_that_it_is_on(any_house: House) -> None:
    appointment = any_house.register(external_id="B-1")
    any_house.enter(any_house.registration(external_id="B-1", status="cancelled"), follow=True)
    longer = after(VISIT, hours=2).isoformat()
    for said in (
        any_house.registration(external_id="B-1"),
        any_house.registration(external_id="B-1", ends_at=longer, phone="+14165550199"),
    ):
        done = any_house.enter(said, follow=True)
        assert (done.result, done.appointment) == (Result.UNCHANGED, appointment)
        assert done.reason == ("cancelled here; say booked in the status column or reschedule to book it again")
    assert any_house.appointment(appointment).status is AppointmentStatus.CANCELLED
    assert set(any_house.statuses(appointment).values()) == {"cancelled"}
    assert any_house.patient(appointment).phone == "+14165550199"


def test_another_treatment_under_the_same_external_id_is_refused(house: House) -> None:
    house.register(external_id="B-1")
    with pytest.raises(ConflictError, match="is for peel, not laser"):
        house.enter(house.registration(external_id="B-1", treatment="laser"), follow=True)


def test_a_refused_registration_leaves_nothing_behind(house: House) -> None:
    appointment = house.register(external_id="B-1")
    with pytest.raises(ConflictError):
        house.enter(house.registration(external_id="B-1", name="Someone Else", phone="+14165550199"), follow=True)
    assert house.patient(appointment).phone == PHONE


def test_no_patient_data_is_in_the_repr_of_what_was_registered(house: House) -> None:
    shown = repr(house.registration(patient_id="chart-77"))
    assert not any(secret in shown for secret in ("Zo", "Lachance", "416555", "zoe@", "chart-77"))
