import pytest

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
