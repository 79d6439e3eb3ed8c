"""How a patient is reached is what was told last; what is no address hides none, and what others told stays."""

from tests.fhir.system import System, issues, patient, places
from tests.fhir.test_mapping import TOLD, phone, told


def test_a_phone_that_is_theirs_no_more_gets_nothing_any_more(system: System) -> None:
    assert told(system, patient()) == TOLD
    old = phone("(416) 555-0123", use="old")
    email = {"system": "email", "value": "zoe@patients.example"}
    assert told(system, patient(telecom=[phone("+14165550123")])) == {**TOLD, "email": None}
    assert told(system, patient()) == TOLD
    assert told(system, patient(telecom=[old, email])) == {**TOLD, "phone": None}
    gone = {**email, "period": {"end": "2026-02"}}
    assert told(system, patient(telecom=[gone, phone("nobody", use="old")])) == {**TOLD, "phone": None, "email": None}
    assert told(system, patient()) == TOLD


def test_one_address_that_is_none_hides_no_good_one_and_is_said(system: System) -> None:
    wrong = [phone("12", use="mobile"), phone("+1 416 555 0123 ext 7"), {"system": "email", "value": "no mail"}]
    good = phone("+14165550123", use="work")
    answer = system.put(patient(telecom=[*wrong, good]))
    assert (answer.status_code, places(answer)) == (201, [f"Patient.telecom[{number}]" for number in range(3)])
    assert [it["severity"] for it in issues(answer)] == ["information", *["warning"] * 3]
    assert told(system, patient(telecom=[*wrong, good])) == {**TOLD, "email": None}
    assert told(system, patient(telecom=wrong[:1])) == {**TOLD, "email": None}


def test_what_others_told_of_a_patient_stays_and_what_the_system_told_goes_with_it(system: System) -> None:
    visit = system.house.register(patient_id="MRN-p1", phone="")
    assert told(system, patient(telecom=[phone("+14165550123")])) == TOLD
    assert told(system, patient(telecom=None)) == {**TOLD, "phone": None}
    assert system.house.patient(visit).email == TOLD["email"]
