"""What stands in a resource becomes what we know of a patient and a visit."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from scheduler.domain.states import Status
from scheduler.store.appointments import get_appointment
from scheduler.store.patients import get_patient
from tests.fhir.system import START, System, appointment, issues, patient, places, procedure
from tests.services.house import VISIT

TOLD = {"name": "Zoë Lachance", "phone": "+14165550123", "email": "zoe@patients.example", "language": None}


def told(system: System, resource: Mapping[str, Any]) -> dict[str, str | None]:
    """Send a Patient and return what is known of it then."""
    answer = system.put(resource)
    assert answer.status_code in (200, 201), answer.json()
    number = int(issues(answer)[0]["diagnostics"].split()[1])
    with system.house.store.read() as tx:
        known = get_patient(tx, number)
    return {name: getattr(known, name) for name in TOLD}


def phone(value: str, **more: Any) -> dict[str, Any]:
    return {"system": "phone", "value": value, **more}


PEOPLE: list[tuple[dict[str, Any], dict[str, str | None]]] = [
    ({}, {}),
    ({"name": [{"use": "old", "text": "Zoe Before"}, {"text": "Zoë Now"}]}, {"name": "Zoë Now"}),
    ({"name": [{"use": "official", "text": "Z L"}, {"use": "usual", "text": "Zoë"}]}, {"name": "Zoë"}),
    ({"name": [{"family": "Lachance", "given": ["Zoë", "Ann"], "text": "else"}]}, {"name": "Zoë Ann Lachance"}),
    ({"name": [{"text": "Past", "period": {"end": "2025"}}, {"text": "Zoë"}]}, {"name": "Zoë"}),
    ({"name": [{"text": "Ahead", "period": {"start": "2027"}}, {"text": "Zoë"}]}, {"name": "Zoë"}),
    (
        {"telecom": [phone("+14165550199", use="mobile", period={"start": "2027-01"}), phone("+14165550123")]},
        {"email": None},
    ),
    ({"telecom": [phone("+14165550199", rank=1), phone("+14165550123", use="mobile", rank=9)]}, {"email": None}),
    ({"telecom": [phone("+14165550199", rank=2), phone("+14165550123", rank=1)]}, {"email": None}),
    ({"telecom": [phone("+14165550199", use="old"), phone("tel:+1-416-555-0123", use="home")]}, {"email": None}),
    ({"telecom": [phone("+14165550199", use="work"), phone("4165550123", use="home")]}, {"email": None}),
    ({"telecom": [{"system": "sms", "value": "+14165550123"}, {"system": "fax", "value": "1"}]}, {"email": None}),
    (
        {"telecom": [{"system": "email", "value": "z@patients.example"}]},
        {"phone": None, "email": "z@patients.example"},
    ),
    ({"communication": [{"language": {"coding": [{"code": "fr-CA"}]}}]}, {"language": "fr-CA"}),
    ({"communication": [{"language": {"coding": [{"code": "de"}]}}]}, {}),
    ({"communication": [{"language": {"text": "French"}}]}, {}),
    (
        {
            "communication": [
                {"language": {"coding": [{"code": "en"}]}},
                {"language": {"coding": [{"code": "fr"}]}, "preferred": True},
            ]
        },
        {"language": "fr"},
    ),
]


def test_a_patient_is_known_as_it_was_told(system: System) -> None:
    for number, (more, expected) in enumerate(PEOPLE):
        assert told(system, patient(f"p{number}", **more)) == {**TOLD, **expected}, more


def test_a_patient_is_found_by_the_clinics_own_number_and_brought_up_to_date(system: System) -> None:
    visit = system.house.register(patient_id="MRN-p1", external_id="B-9")
    renamed = patient(name=[{"family": "Lachance-Roy", "given": ["Zoë"]}], telecom=[phone("+14165550123")])
    assert system.put(renamed).status_code == 200
    known = system.house.patient(visit)
    assert (known.name, known.phone, known.email) == ("Zoë Lachance-Roy", "+14165550123", "zoe@patients.example")
    stranger = patient(name=[{"text": "Ben Sample"}], telecom=[phone("+14165550177")])
    answer = system.put(stranger)
    assert answer.status_code == 409
    assert system.house.patient(visit).name == "Zoë Lachance-Roy"


def test_without_an_identifier_a_patient_is_known_by_its_id_and_may_change_its_name(system: System) -> None:
    assert system.put(patient(identifier=None)).status_code == 201
    assert told(system, patient(identifier=None, name=[{"text": "Zoë Roy"}])) == {**TOLD, "name": "Zoë Roy"}
    assert system.count("patients") == 1


def of(system: str, **more: Any) -> dict[str, Any]:
    """Return a Patient who is number 100 in a system."""
    told: dict[str, Any] = patient(identifier=[{"system": f"urn:{system}", "value": "100"}], **more)
    return {name: it for name, it in told.items() if name != "id"}


def test_the_same_number_in_two_systems_is_two_people(system: System) -> None:
    ben = [{"text": "Ben Sample"}]
    assert system.post(of("record")).status_code == 201
    assert system.post(of("lab", name=ben, telecom=None)).status_code == 422
    assert system.post(of("lab", name=ben, telecom=[phone("+14165550123")])).status_code == 201
    assert system.post(of("lab", name=ben, telecom=[phone("+14165550177")])).status_code == 200
    assert told(system, patient(identifier=[{"system": "urn:record", "value": "100"}])) == TOLD
    actor = {"type": "Patient", "identifier": {"system": "urn:elsewhere", "value": "100"}}
    answer = system.post(appointment(participant=[{"actor": actor, "status": "accepted"}]))
    assert (answer.status_code, places(answer)) == (422, ["Appointment.participant[0].actor"])


def test_a_patient_of_an_export_is_not_renamed_by_whoever_has_the_same_number(system: System) -> None:
    visit = system.house.register(patient_id="100", external_id="B-9")
    answer = system.post(of("lab", name=[{"text": "Ben Sample"}], telecom=None))
    assert answer.status_code == 409
    assert system.house.patient(visit).name == "Zoë Lachance"


def test_a_number_of_another_system_calls_off_nobody_elses_visit(system: System) -> None:
    visit = system.house.register(external_id="55")
    named = [{"system": "urn:orders", "value": "55"}]
    ben = patient("p2", name=[{"text": "Ben Sample"}], telecom=[phone("+14165550177")])
    assert system.put(ben).status_code == 201
    for more in ({"whom": "Patient/p2"}, {"whom": "#p2", "contained": [ben]}):
        answer = system.post(appointment(identifier=named, status="cancelled", **more))
        assert "never registered" in issues(answer)[0]["diagnostics"]
    assert system.house.appointment(visit).status == "booked"


STATUSES = {
    "booked": (201, "booked"),
    "arrived": (201, "booked"),
    "checked-in": (201, "booked"),
    "fulfilled": (201, "completed"),
    "cancelled": (200, None),
    "noshow": (200, None),
    "entered-in-error": (200, None),
    "proposed": (422, None),
    "pending": (422, None),
    "waitlist": (422, None),
}
AFTER = {
    "fulfilled": "completed",
    "noshow": "no_show",
    "cancelled": "cancelled",
    "entered-in-error": "cancelled",
    "proposed": "cancelled",
    "pending": "cancelled",
    "waitlist": "cancelled",
}


def test_each_status_of_an_appointment_is_taken_for_what_it_means(system: System) -> None:
    system.put(patient())
    system.house.clock.move_to(VISIT + timedelta(days=40))  # what is fulfilled lies behind
    for number, (word, (status, stands)) in enumerate(STATUSES.items()):
        start = f"2026-04-{number + 1:02}T10:00:00-04:00"
        new = appointment(word, status=word, start=start, end=None)
        assert system.put(new).status_code == status, word
        found = {name: it for name, it, _ in system.visits()}
        assert found.get(f"B-{word}") == stands
        later = appointment(f"l-{word}", start=start.replace("T10", "T15"), end=None)
        assert system.put(later).status_code == 201
        assert system.put({**later, "status": word}).status_code == 200
        found = {name: it for name, it, _ in system.visits()}
        assert found[f"B-l-{word}"] == AFTER.get(word, "booked")


def test_a_moved_appointment_is_moved_with_its_messages(system: System) -> None:
    system.put(patient())
    assert system.put(appointment()).status_code == 201
    before = system.house.message(1, "tips").due_at
    moved = appointment(start="2026-03-20T10:00:00-04:00", end="2026-03-20T11:00:00-04:00")
    assert system.put(moved).status_code == 200
    assert system.visits() == [("B-a1", "booked", "2026-03-20T14:00")]
    assert system.house.message(1, "tips").due_at - before == timedelta(days=2)


def test_what_is_older_than_what_was_taken_changes_nothing(system: System) -> None:
    system.put(patient())
    new = appointment(meta={"lastUpdated": "2026-03-10T12:00:00.000Z"}, status="cancelled")
    system.put(appointment(meta={"lastUpdated": "2026-03-10T11:00:00Z", "versionId": "1"}))
    assert system.put(new).status_code == 200
    for late in ("2026-03-10T11:00:00Z", "2026-03-10T12:59:59.5+01:00"):
        answer = system.put(appointment(meta={"lastUpdated": late}))
        assert answer.status_code == 200
        assert "older" in issues(answer)[0]["diagnostics"]
    assert system.visits() == [("B-a1", "cancelled", "2026-03-18T14:00")]
    system.put(appointment(meta={"lastUpdated": "2026-03-10T12:30:00Z"}))
    assert system.visits()[0][1] == "booked"


def test_a_clock_of_another_age_holds_nothing_up(system: System) -> None:
    system.put(patient())
    system.put(appointment(meta={"lastUpdated": "2099-01-01T00:00:00Z"}))
    system.put(appointment(meta={"lastUpdated": "2026-03-10T12:00:00Z"}, status="cancelled"))
    assert system.visits()[0][1] == "cancelled"


def test_a_procedure_completes_the_visit_of_its_day(system: System) -> None:
    system.put(patient())
    system.put(appointment())
    system.house.clock.move_to(VISIT + timedelta(hours=5))
    for said in ("2026-03-18", "2026-03-18T10:12:00-04:00"):
        assert system.put(procedure(said[-5:].replace(":", ""), performedDateTime=said)).status_code == 200
        assert system.visits() == [("B-a1", "completed", "2026-03-18T14:00")]
    assert system.put(procedure("0318"[-4:], status="entered-in-error")).status_code == 200


def test_a_procedure_completes_the_visit_that_it_says_it_fulfils(system: System) -> None:
    system.put(patient())
    system.put(appointment())
    system.house.clock.move_to(VISIT + timedelta(days=2))
    based = [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/event-basedOn",
            "valueReference": {"reference": "ServiceRequest/1"},
        },
        {
            "url": "http://hl7.org/fhir/StructureDefinition/event-basedOn",
            "valueReference": {"reference": "Appointment/a1"},
        },
    ]
    system.put(procedure(extension=based, performedDateTime="2026-03-19T09:00:00-04:00"))
    assert system.visits() == [("B-a1", "completed", "2026-03-18T14:00")]
    based[1]["valueReference"] = {"reference": "Appointment/none"}
    answer = system.put(procedure("d2", extension=based))
    assert (answer.status_code, places(answer)) == (422, ["Procedure.extension[1].valueReference"])


def test_a_procedure_without_a_visit_is_a_visit_that_took_place(system: System) -> None:
    system.put(patient())
    assert system.put(procedure()).status_code == 201
    assert system.visits() == [("Procedure/d1", "completed", "2026-03-09T14:10")]
    assert system.put(procedure(status="entered-in-error")).status_code == 200
    assert system.visits() == [("Procedure/d1", "cancelled", "2026-03-09T14:10")]


def test_whoever_has_died_gets_nothing_any_more(system: System) -> None:
    system.put(patient())
    system.put(appointment())
    system.put(procedure())
    for said in ({"deceasedBoolean": True}, {"deceasedDateTime": "2026-03-10"}):
        answer = system.put(patient(**said))
        assert answer.status_code == 200
        assert "died" in issues(answer)[0]["diagnostics"]
    assert [it for _, it, _ in system.visits()] == ["cancelled", "completed"]
    again = system.put(appointment())
    assert again.status_code == 200
    system.put(appointment("a2", start="2026-05-01T10:00:00-04:00", end=None))
    for day in range(60):
        system.house.dispatch(VISIT + timedelta(days=day))
    sent = {Status.ACCEPTED, Status.DELIVERED, Status.SENDING}
    with system.house.store.read() as tx:
        visits = [get_appointment(tx, number) for number in range(1, system.count("appointments") + 1)]
    assert not [it for visit in visits for it in system.house.messages(visit.id).values() if it.status in sent]


def test_a_reference_may_be_relative_absolute_logical_or_contained(system: System) -> None:
    system.put(patient())
    logical = {"type": "Patient", "identifier": patient()["identifier"][0]}
    actors: list[dict[str, Any]] = [
        {"reference": "Patient/p1"},
        {"reference": "Patient/p1/_history/3"},
        {"reference": f"{system.house.settings.public_url}/fhir/r4/north/Patient/p1"},
        {"reference": "Patient?identifier=urn:oid:1.2.36.146.595.217.0.1|MRN-p1"},
        logical,
        {"reference": "#p"},
    ]
    for number, actor in enumerate(actors):
        taken = appointment(f"a{number}", participant=[{"actor": actor, "status": "accepted"}])
        taken |= {"start": f"2026-04-{number + 1:02}T10:00:00-04:00", "end": None}
        taken |= {"contained": [patient("p")]} if "#p" in actor.values() else {}
        answer = system.put({name: it for name, it in taken.items() if it is not None})
        assert answer.status_code == 201, (actor, answer.json())
    for reference in ("Patient/none", "https://elsewhere.example/Patient/none", "#none", "Patient?name=x"):
        taken = appointment(
            "none", participant=[{"actor": {"reference": reference, "type": "Patient"}, "status": "accepted"}]
        )
        answer = system.put(taken)
        assert answer.status_code in (400, 422), reference
    assert system.count("appointments") == len(actors)


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    (appointment(start=None, end=None), 422, "Appointment.start"),
    (appointment(start="2026-03-18T10:00:00"), 422, "Appointment.start"),
    (appointment(start="1970-01-01T10:00:00Z", end=None), 422, "Appointment.start"),
    (appointment(end=START), 422, "Appointment.end"),
    (appointment(start=1773842400), 400, "Appointment.start"),
    (appointment(status="maybe"), 422, "Appointment.status"),
    (appointment(status=None), 400, "Appointment.status"),
    (appointment(participant=[]), 400, "Appointment.participant"),
    (
        appointment(participant=[{"actor": {"reference": "Practitioner/1"}, "status": "accepted"}]),
        400,
        "Appointment.participant",
    ),
    (
        appointment(participant=[{"actor": {"reference": "Patient/p1"}, "status": "declined"}]),
        422,
        "Appointment.status",
    ),
    (appointment(serviceType=[{"text": "Botany"}]), 422, "Appointment.serviceType[0]"),
    (
        appointment(serviceType=[{"text": "Face peel"}], reasonCode=[{"text": "laser"}]),
        422,
        "Appointment.serviceType[0]",
    ),
    (appointment(serviceType=None), 400, "Appointment"),
    (appointment(serviceType=None, colour="red"), 400, "Appointment.colour"),
    (appointment(implicitRules="urn:rules"), 422, "Appointment.implicitRules"),
    (appointment(modifierExtension=[{"url": "urn:not", "valueBoolean": True}]), 422, "Appointment.modifierExtension"),
    (
        appointment(participant=[{**appointment()["participant"][0], "modifierExtension": [{"url": "urn:not"}]}]),
        422,
        "Appointment.participant[0].modifierExtension",
    ),
    (appointment(identifier=[{"value": "x" * 101}]), 422, "Appointment.identifier"),
    (appointment(identifier=[{"value": str(it)} for it in range(21)]), 422, "Appointment.identifier"),
    (appointment(contained=[patient("p", telecom=[phone("1")] * 8_000)]), 422, "Appointment.contained[0].telecom"),
    (appointment(comment=None, description=""), 400, "Appointment.description"),
    (
        appointment(contained=[{"resourceType": "Patient", "id": "p", "name": "Zoë"}]),
        400,
        "Appointment.contained[0].name",
    ),
    (patient(active=False), 422, "Patient.active"),
    (patient(active="true"), 400, "Patient.active"),
    (patient(deceasedBoolean="true"), 400, "Patient.deceasedBoolean"),
    (patient(deceasedBoolean=False, deceasedDateTime="2026"), 422, "Patient"),
    (patient(telecom=[phone("12")]), 422, "Patient.telecom[0]"),
    (patient(telecom=[{"system": "email", "value": "no mail"}]), 422, "Patient.telecom[0]"),
    (patient(telecom=[phone("+14165550123")] * 101), 422, "Patient.telecom"),
    (patient(telecom=None), 422, "Patient.telecom"),
    (patient(telecom=[{"system": "carrier pigeon", "value": "1"}]), 422, "Patient.telecom[0].system"),
    (patient(name=None), 422, "Patient.name"),
    (patient(gender=7), 400, "Patient.gender"),
    (patient(birthDate="04/01/1990"), 422, "Patient.birthDate"),
    (patient(name=[{"family": "x" * 201}]), 422, "Patient.name"),
    (procedure(subject={"reference": "Group/1"}), 422, "Procedure.subject"),
    (procedure(subject=None), 400, "Procedure.subject"),
    (procedure(code=None), 400, "Procedure"),
    (procedure(status="stopped"), 422, "Procedure.status"),
    (procedure(performedDateTime="0001-01-01"), 422, "Procedure.performedDateTime"),
    (procedure(performedDateTime="2026-02-30"), 422, "Procedure.performedDateTime"),
]


def test_what_can_not_be_mapped_is_refused_with_its_element_and_writes_nothing(system: System) -> None:
    system.put(patient("p1"))
    before = [system.count(it) for it in ("patients", "appointments", "fhir_links")]
    wrong = []
    for resource, status, place in REFUSED:
        is_person = resource["resourceType"] == "Patient"
        answer = system.put({**resource, "id": "new", "identifier": [{"value": "new"}]} if is_person else resource)
        if (answer.status_code, place in places(answer)) != (status, True):
            wrong.append(f"{place}: {answer.status_code} {answer.text}")
    assert not wrong, "\n".join(wrong)
    assert [system.count(it) for it in ("patients", "appointments", "fhir_links")] == before


@pytest.mark.parametrize("named", ["Patient", "Appointment", "Procedure"])
def test_a_resource_under_an_id_that_is_not_its_own_is_refused(system: System, named: str) -> None:
    resource = {"Patient": patient(), "Appointment": appointment(), "Procedure": procedure()}[named]
    for body in ({**resource, "id": "other"}, {name: it for name, it in resource.items() if name != "id"}):
        answer = system.ask("PUT", f"/{named}/{resource['id']}", body)
        assert (answer.status_code, places(answer)) == (400, [f"{named}.id"])
