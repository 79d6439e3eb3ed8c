"""Who is who (design §4), and what a registration may change about a patient."""

from dataclasses import replace

import pytest

from scheduler.domain.protocol import Channel
from scheduler.errors import ConflictError
from scheduler.services.registration import Result
from scheduler.store.consents import is_stopped, record_stop
from tests.services.house import CHECK, EMAIL, MAIL, PHONE, VISIT, House, after

LATER = after(VISIT, days=40).isoformat()


@pytest.mark.parametrize(
    "same",
    [
        {"phone": "416-555-0123", "email": "other@patients.example"},
        {"phone": "+1 416 555 0199", "email": "ZOE@Patients.example"},
        {"name": "zoe  LACHANCE", "email": ""},
    ],
    ids=["same name and phone", "same name and email", "another spelling of the name"],
)
def test_a_name_with_the_same_phone_or_email_is_the_same_patient(house: House, same: dict[str, str]) -> None:
    first = house.register()
    second = house.register(starts_at=LATER, **same)
    assert first != second
    assert house.patient(first).id == house.patient(second).id


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Léo Lachance"},
        {"phone": "+14165550199", "email": "zoe.l@patients.example"},
        {"name": "Lachance Zoë"},
    ],
    ids=["a shared phone", "a namesake", "words of the name in another order"],
)
def test_nobody_is_found_by_a_phone_or_a_name_alone(house: House, other: dict[str, str]) -> None:
    first = house.register()
    second = house.register(starts_at=LATER, **other)
    assert house.patient(first).id != house.patient(second).id


def test_a_clinics_own_patient_id_finds_the_patient_whose_name_and_one_address_changed(any_house: House) -> None:
    first = any_house.register(patient_id="chart-7")
    any_house.register(
        starts_at=LATER, patient_id="chart-7", name="Zoë Martin", phone="+14165550199", email=MAIL.upper()
    )
    now = any_house.patient(first)
    assert (now.name, now.phone) == ("Zoë Martin", "+14165550199")


@pytest.mark.parametrize("external_id", ["", "B-1"])
def test_a_patient_id_of_somebody_with_another_name_phone_and_email_turns_nobody_into_another(
    any_house: House, external_id: str
) -> None:
    appointment = any_house.register(external_id="B-1", patient_id="7")
    known = any_house.patient(appointment)
    bob = any_house.registration(
        external_id=external_id, patient_id="7", name="Bob Stone", phone="+14165550177", email="bob@patients.example"
    )
    why = "is appointment 1 of somebody else" if external_id else "patient_id: is another person's"
    with pytest.raises(ConflictError, match=why) as refused:
        any_house.enter(bob, follow=True)
    assert not any(secret in str(refused.value) for secret in ("Bob", "Stone", "0177", "Zoë"))
    assert any_house.patient(appointment) == known


def test_two_patient_ids_are_two_people_even_with_one_name_and_phone(house: House) -> None:
    first = house.register(patient_id="chart-7")
    second = house.register(starts_at=LATER, patient_id="chart-8")
    assert house.patient(first).id != house.patient(second).id


def test_patients_of_two_clinics_are_never_the_same(house: House) -> None:
    north, south = house.register(), house.register(clinic="south")
    assert house.patient(north).id != house.patient(south).id


def test_an_external_id_of_another_patient_is_refused_before_anything_is_written(any_house: House) -> None:
    appointment = any_house.register(external_id="B-1")
    stranger = any_house.registration(
        external_id="B-1", name="Léo Lachance", consent_sms="no", starts_at=LATER, email="leo@patients.example"
    )
    with pytest.raises(ConflictError, match=f"appointment {appointment} of another patient") as refused:
        any_house.enter(stranger, follow=True)
    assert "Lachance" not in str(refused.value)
    assert any_house.appointment(appointment).starts_at == VISIT
    assert any_house.ledger(appointment)["sms", "care"] == ["assumed_granted"]


def test_a_namesake_with_another_patient_id_under_the_same_external_id_is_another_patient(house: House) -> None:
    appointment = house.register(external_id="B-1", patient_id="chart-7")
    with pytest.raises(ConflictError, match="of another patient"):
        house.enter(house.registration(external_id="B-1", patient_id="chart-8"), follow=True)
    assert house.patient(appointment).ref == "chart-7"


def test_a_patient_id_that_is_somebody_elses_is_refused_in_words_and_not_by_the_database(any_house: House) -> None:
    appointment = any_house.register(external_id="B-1")
    any_house.register(patient_id="chart-8", name="Léo Martin", phone="+14165550199", email="leo@patients.example")
    with pytest.raises(ConflictError, match=r"another p(atient|erson)"):
        any_house.enter(any_house.registration(external_id="B-1", patient_id="chart-8"), follow=True)
    assert any_house.patient(appointment).ref is None


def test_a_patient_id_that_comes_later_is_kept_with_the_patient(house: House) -> None:
    appointment = house.register(external_id="B-1")
    done = house.enter(house.registration(external_id="B-1", patient_id="chart-7"), follow=True)
    assert (done.result, house.patient(appointment).ref) == (Result.UNCHANGED, "chart-7")
    corrected = house.registration(external_id="B-1", patient_id="chart-7", name="Zoé Lachance-Roy")
    house.enter(corrected, follow=True)
    assert house.patient(appointment).name == "Zoé Lachance-Roy"


def test_what_a_registration_leaves_empty_stays_as_it_was_known(house: House) -> None:
    appointment = house.register(external_id="B-1", language="fr", timezone="America/Vancouver", patient_id="chart-7")
    known = house.patient(appointment)
    empty = {"email": "", "language": "", "timezone": "", "patient_id": ""}
    house.enter(house.registration(external_id="B-1", **empty), follow=True)
    assert house.patient(appointment) == known
    house.enter(house.registration(external_id="B-1", phone="+14165550199"), follow=True)
    assert house.patient(appointment) == replace(known, phone="+14165550199")


def test_the_ledger_grows_only_when_a_consent_changed(any_house: House) -> None:
    appointment = any_house.register(external_id="B-1", consent_sms="yes")
    for answer in ("yes", "", "no", "no", "yes"):
        any_house.enter(any_house.registration(external_id="B-1", consent_sms=answer), follow=True)
    ledger = any_house.ledger(appointment)
    assert ledger["sms", "care"] == ledger["sms", "recall"] == ["granted", "revoked", "granted"]
    assert ledger["email", "care"] == ["assumed_granted"]
    assert ledger["sms", "marketing"] == ["assumed_refused", "revoked"]


def test_a_stop_belongs_to_the_address_and_no_registration_lifts_it(any_house: House) -> None:
    appointment = any_house.register(external_id="B-1", consent_sms="yes")
    with any_house.store.write() as tx:
        record_stop(tx, "north", Channel.SMS, PHONE, source="reply", by="test", now=any_house.clock.now())
    any_house.enter(any_house.registration(external_id="B-1", consent_sms="yes"), follow=True)
    other = any_house.register(name="Léo Lachance", email="leo@patients.example", consent_sms="yes")
    south = any_house.register(clinic="south", consent_sms="yes")

    any_house.dispatch(CHECK)
    for stopped in (appointment, other):
        assert any_house.statuses(stopped)["check sms"] == "suppressed"
        assert any_house.statuses(stopped)["check email"] == "accepted"
        assert any_house.why(stopped, "check") == (
            "2 days after the appointment; the patient stopped messages to this phone number."
        )
    assert any_house.statuses(south)["check sms"] == "accepted"
    with any_house.store.read() as tx:
        assert is_stopped(tx, "north", Channel.SMS, PHONE)
        assert not is_stopped(tx, "south", Channel.SMS, PHONE)


def test_a_stop_does_not_follow_a_patient_to_a_new_number(house: House) -> None:
    appointment = house.register(external_id="B-1")
    with house.store.write() as tx:
        record_stop(tx, "north", Channel.SMS, PHONE, source="reply", by="test", now=house.clock.now())
    house.enter(house.registration(external_id="B-1", phone="+14165550199"), follow=True)
    house.dispatch(CHECK)
    assert house.statuses(appointment)["check sms"] == "accepted"
    assert ("check", EMAIL) not in house.messages(appointment)
