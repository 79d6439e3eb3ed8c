"""What a system corrects is followed: whose visit it is, that somebody died, and that a phone was mistyped."""

from typing import Any

from tests.fhir.system import Resource, System, issues, patient, procedure, put
from tests.fhir.test_identity import OTHER, ZOE, people, person, said, stands, visit, words


def within(resource: Resource, told: Resource) -> Resource:
    """Return an Appointment that contains its patient."""
    actors = [{"actor": {"reference": f"#{told['id']}"}, "status": "accepted"}]
    return {**resource, "contained": [told], "participant": actors}


def whose(system: System) -> list[tuple[int, str]]:
    found = range(1, system.count("appointments") + 1)
    return [(system.house.appointment(it).patient_id, str(system.house.appointment(it).status)) for it in found]


def warned(answer: Any) -> list[str]:
    return [it["diagnostics"] for it in issues(answer) if it["severity"] == "warning"]


def test_a_contained_patient_makes_none_of_the_patients_own_words_old(any_system: System) -> None:
    system = any_system
    system.put(person("k", "Kay Quinn", ZOE, "mrn|K2", meta=said("07:00")))
    stub = person("c", "Kay Quinn", None, "mrn|K2")
    system.put(within(visit("a", "k", meta=said("09:00")), stub))
    assert system.put(person("k", "Kay Quinn", OTHER, "mrn|K2", meta=said("08:30"))).status_code == 200
    assert people(system) == [("Kay Quinn", OTHER)]
    assert "older" in words(system.put(person("k", "Kay Quinn", ZOE, "mrn|K2", meta=said("08:00"))))
    dead = person("k", "Kay Quinn", OTHER, "mrn|K2", meta=said("08:40"), deceasedBoolean=True)
    assert "died" in words(system.put(dead))
    assert stands(system) == ["cancelled"]
    first = person("c", "Pat First", "+14165550188", "mrn|P1")
    system.put(within(visit("b", "p", day=21, meta=said("09:00")), first))
    older = {**first, "telecom": person("c", "x", "+14165550166")["telecom"] + first["telecom"]}
    system.put(within(visit("b2", "p", day=22, meta=said("08:00")), older))
    assert people(system)[1] == ("Pat First", "+14165550188")
    system.put(person("p", "Pat First", "+14165550177", "mrn|P1", meta={"lastUpdated": "2026-03-01T09:00:00Z"}))
    assert people(system)[1] == ("Pat First", "+14165550177")


def test_a_visit_under_its_own_id_follows_whose_it_is_said_to_be(any_system: System) -> None:
    system = any_system
    system.put(person("h1", "Alma Alpha", ZOE))
    system.put(person("h2", "Bob Beta", OTHER))
    for number, status in enumerate(("cancelled", "entered-in-error", "noshow")):
        system.put(visit(f"v{number}", "h1", day=10 + number))
        assert system.put(visit(f"v{number}", "h2", day=10 + number, status=status)).status_code == 200
    assert whose(system) == [(1, "cancelled"), (1, "cancelled"), (1, "no_show")]
    for day, ids in ((20, ("q|1",)), (21, ())):
        system.put(visit(f"w{day}", "h1", *ids, day=day))
        answer = system.put(visit(f"w{day}", "h2", *ids, day=day))
        assert answer.status_code == 201, answer.text
        assert "another patient's" in words(answer)
        assert system.put(visit(f"w{day}", "h2", *ids, day=day)).status_code == 200
    assert whose(system)[3:] == [(1, "cancelled"), (2, "booked")] * 2
    assert [it for it, _, _ in system.visits()][4::2] == ["1", "w21"]
    system.put(visit("w20", "h2", "q|1", day=20, status="cancelled"))
    assert whose(system)[4] == (2, "cancelled")


def test_a_procedure_under_its_own_id_follows_whose_it_is_said_to_be(system: System) -> None:
    system.put(person("h1", "Alma Alpha", ZOE))
    system.put(person("h2", "Bob Beta", OTHER))
    system.put(procedure("d", whom="Patient/h1"))
    answer = system.put(procedure("d", whom="Patient/h2"))
    assert answer.status_code == 201, answer.text
    assert whose(system) == [(1, "cancelled"), (2, "completed")]
    assert system.put(procedure("d", whom="Patient/h1", status="entered-in-error")).status_code == 200
    assert whose(system) == [(1, "cancelled"), (2, "cancelled")]
    moved: dict[str, Any] = {"start": "2026-03-09T10:00:00-04:00", "end": "2026-03-09T11:00:00-04:00"}
    for whom in ("h1", "h2"):
        told = put(visit("f", whom, status="fulfilled", **moved)), put(procedure("e", whom=f"Patient/{whom}"))
        answer = system.transaction(*told)
        assert answer.status_code == 200, answer.text
    assert [status for patient_id, status in whose(system) if patient_id == 2][-1] == "completed"
    assert [status for patient_id, status in whose(system) if patient_id == 1][-1] == "cancelled"


def test_the_visits_of_a_known_patient_without_an_address_are_followed(any_system: System) -> None:
    system = any_system
    system.transaction(put(person("nz", "Nia Zed", ZOE)), put(visit("a", "nz")), put(person("ok", "Ola Kay", OTHER)))
    silent = person("nz", "Nia Zed", None)
    answer = system.transaction(put(silent), put(visit("a", "nz", day=22)), put(visit("b", "ok", day=23)))
    assert answer.status_code == 200, answer.text
    assert [it[2] for it in system.visits()] == ["2026-04-22T14:00", "2026-04-23T14:00"]
    day: dict[str, Any] = {"start": "2026-03-09T10:00:00-04:00", "end": None}
    assert system.put(visit("a", "nz", status="fulfilled", **day)).status_code == 200
    assert system.put(procedure("d", whom="Patient/nz")).status_code == 200
    assert stands(system)[0] == "completed"
    assert system.put(visit("c", "nz", day=25)).status_code == 201
    assert system.put(visit("c", "nz", day=25, status="cancelled")).status_code == 200
    assert system.put(person("new", "New One", None)).status_code == 422


def test_a_mistyped_address_takes_no_good_one_away_and_the_last_one_goes_with_a_warning(system: System) -> None:
    system.put(person("w", "Will One", ZOE))
    system.put(visit("a", "w"))
    answer = system.put(person("w", "Will One", "4165550"))
    assert people(system) == [("Will One", ZOE)]
    assert not [it for it in warned(answer) if "nothing reaches" in it]
    answer = system.put(person("w", "Will One", None))
    assert people(system) == [("Will One", None)]
    assert [it for it in warned(answer) if "nothing reaches" in it and "1" in it]
    assert not warned(system.put(person("w", "Will One", None)))
    assert system.count("alerts") == 1


def test_a_visit_of_a_record_that_was_merged_follows_to_the_one_that_is_kept(system: System) -> None:
    system.put(person("m1", "Mia Merge", ZOE, "mrn|M1"))
    system.put(visit("ma", "m1", "q|1"))
    system.put(person("m2", "Mia Merge", ZOE, "mrn|M2", "mrn|M1"))
    assert system.put(visit("ma", "m2", "q|1", day=22)).status_code == 201
    assert whose(system) == [(1, "cancelled"), (2, "booked")]
    system.put(visit("ma", "m2", "q|1", day=22, status="cancelled"))
    assert whose(system) == [(1, "cancelled"), (2, "cancelled")]


def test_what_was_known_before_the_system_told_the_same_is_not_the_systems_to_withdraw(system: System) -> None:
    number = system.house.register(patient_id="MRN-p1")
    known = system.house.patient(number)
    telecom = [{"system": "phone", "value": known.phone}, {"system": "email", "value": "new@patients.example"}]
    for again in range(2):
        system.put(patient(telecom=telecom))
        assert system.house.patient(number).email == "new@patients.example", again
    system.put(patient(telecom=None))
    assert (system.house.patient(number).phone, system.house.patient(number).email) == (known.phone, None)
    stub = person("c", "Cara Conti", OTHER, "mrn|C1")
    system.put(within(visit("b", "x"), stub))
    system.put(person("c1", "Cara Conti", OTHER, "mrn|C1"))
    system.put(person("c1", "Cara Conti", None, "mrn|C1"))
    assert people(system)[-1] == ("Cara Conti", None)


def test_who_was_contained_with_a_bare_number_is_known_when_sent_alone(system: System) -> None:
    system.put(within(visit("h7", "x"), person("p", "Cara Conti", ZOE, "|C7")))
    assert system.put(person("c7", "Cara Conti", ZOE, "|C7")).status_code == 200
    assert system.put(visit("h7", "c7", day=21)).status_code == 200
    assert system.put(person("c8", "Cara Conti", ZOE, "|C7")).status_code == 201
    assert system.put(person("c9", "Otto Else", OTHER, "|C7")).status_code == 201
    assert system.put(visit("h7", "c7", status="cancelled")).status_code == 200
    assert stands(system) == ["cancelled"]


def test_of_one_identifier_in_a_transaction_what_is_off_goes_before_what_is_booked_anew(system: System) -> None:
    system.put(patient())
    system.put(visit("ra", "p1", "q|1"))
    off, on = visit("ra", "p1", "q|1", status="cancelled"), visit("rb", "p1", "q|1", day=22)
    answer = system.transaction(put(on), put(off))
    assert answer.status_code == 200, answer.text
    assert stands(system) == ["cancelled", "booked"]
