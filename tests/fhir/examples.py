"""The examples of R4 for Patient, Appointment and Procedure, rebuilt: their shapes, with sample data of our own.

Each has the name that it has there, and says what becomes of it at a clinic that knows the treatments "Face peel" and
the code 24165007: the status of the answer, and the elements that are said to be wrong.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.fhir.system import Resource

SCT = "http://snomed.info/sct"
PHONE = {"system": "phone", "value": "(416) 555-0123", "use": "mobile"}
NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A sample</div>'}
TESTED = {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}


@dataclass(frozen=True)
class Example:
    """A resource, the status with which it is answered, and the elements that an error names."""

    name: str
    status: int
    resource: Resource
    wrong: list[str] = field(default_factory=list)


def _patient(example: str, answered: int, *wrong: str, **more: Any) -> Example:
    return Example(example, answered, {"resourceType": "Patient", "id": example, **more}, list(wrong))


def _appointment(example: str, answered: int, *wrong: str, **more: Any) -> Example:
    return Example(example, answered, {"resourceType": "Appointment", "id": example, **more}, list(wrong))


def _procedure(example: str, answered: int, *wrong: str, **more: Any) -> Example:
    said = {"resourceType": "Procedure", "id": example, "subject": {"reference": "Patient/example"}, **more}
    return Example(example, answered, said, list(wrong))


PATIENTS = [
    _patient(
        "example",
        201,
        text=NARRATIVE,
        identifier=[
            {
                "use": "usual",
                "type": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}],
                },
                "system": "urn:oid:1.2.36.146.595.217.0.1",
                "value": "12345",
                "period": {"start": "2001-05-06"},
                "assigner": {"display": "Sample Healthcare"},
            }
        ],
        active=True,
        name=[
            {"use": "official", "family": "Sample", "given": ["Peter", "James"]},
            {"use": "usual", "given": ["Jim"]},
            {"use": "maiden", "family": "Before", "given": ["Peter"], "period": {"end": "2002"}},
        ],
        telecom=[
            {"use": "home"},
            {"system": "phone", "value": "(416) 555-0199", "use": "work", "rank": 1},
            {"system": "phone", "value": "(416) 555-0123", "use": "mobile", "rank": 2},
            {"system": "phone", "value": "(416) 555-0188", "use": "old", "period": {"end": "2014"}},
        ],
        gender="male",
        birthDate="1974-12-25",
        _birthDate={
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                    "valueDateTime": "1974-12-25T14:35:45-05:00",
                }
            ]
        },
        deceasedBoolean=False,
        address=[{"use": "home", "type": "both", "text": "1 Sample St", "line": ["1 Sample St"], "city": "Toronto"}],
        contact=[
            {
                "relationship": [{"coding": [{"code": "N"}]}],
                "name": {
                    "family": "du Sample",
                    "_family": {
                        "extension": [
                            {
                                "url": "http://hl7.org/fhir/StructureDefinition/humanname-own-prefix",
                                "valueString": "VV",
                            }
                        ]
                    },
                    "given": ["Bénédicte"],
                },
                "telecom": [{"system": "phone", "value": "+33 (237) 998327"}],
                "gender": "female",
                "period": {"start": "2012"},
            }
        ],
        managingOrganization={"reference": "Organization/1"},
    ),
    _patient(
        "f001",
        201,
        text=NARRATIVE,
        identifier=[{"use": "usual", "system": "urn:oid:2.16.840.1.113883.2.4.6.3", "value": "738472983"}],
        active=True,
        name=[{"use": "usual", "family": "van de Sample", "given": ["Pieter"], "suffix": ["MSc"]}],
        telecom=[PHONE, {"system": "email", "value": "p.sample@patients.example", "use": "home"}],
        gender="male",
        birthDate="1944-11-17",
        deceasedBoolean=False,
        maritalStatus={"coding": [{"code": "M"}], "text": "Getrouwd"},
        multipleBirthBoolean=True,
        communication=[
            {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "nl"}], "text": "Nederlands"}},
            {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "fr-CA"}]}, "preferred": True},
        ],
        managingOrganization={"reference": "Organization/f001", "display": "Sample Medical Centre"},
    ),
    _patient(
        "pat1", 422, "Patient.telecom", identifier=[{"value": "654321"}], name=[{"family": "Donald"}], gender="other"
    ),
    _patient("pat3", 200, name=[{"given": ["Simon"]}], telecom=[PHONE], deceasedBoolean=True, birthDate="1932-09"),
    _patient("pat4", 200, name=[{"text": "Sandy Sample"}], telecom=[PHONE], deceasedDateTime="2010-08-11"),
    _patient("newborn", 422, "Patient.telecom", name=[{"text": "Baby"}], birthDate="2017-09-05"),
    _patient("dicom", 422, "Patient.telecom", name=[{"family": "Mint"}], gender="male"),
    _patient(
        "animal",
        422,
        "Patient.telecom",
        extension=[
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-animal",
                "extension": [{"url": "species", "valueCodeableConcept": {"text": "Dog"}}],
            }
        ],
        name=[{"use": "usual", "given": ["Kenzi"]}],
        contact=[{"name": {"text": "A sample owner"}, "telecom": [PHONE]}],
    ),
    _patient(
        "xds",
        422,
        "Patient.link[0].type",
        name=[{"text": "Sample"}],
        telecom=[PHONE],
        link=[{"other": {"reference": "Patient/pat2"}, "type": "replaced-by"}],
    ),
    _patient(
        "pat2",
        201,
        name=[{"use": "official", "family": "Donald", "given": ["Duck", "D"]}],
        telecom=[PHONE],
        link=[{"other": {"reference": "Patient/pat1"}, "type": "seealso"}],
        photo=[{"contentType": "image/gif", "data": "R0lGODlhEwARAPcAAA=="}],
        contained=[{"resourceType": "Organization", "id": "org3", "name": "A sample"}],
        managingOrganization={"reference": "#org3"},
    ),
]
_BOTH: list[Resource] = [
    {"actor": {"reference": "Patient/example", "display": "A sample"}, "required": "required", "status": "accepted"},
    {
        "type": [{"coding": [{"code": "ATND"}]}],
        "actor": {"reference": "Practitioner/example"},
        "required": "required",
        "status": "accepted",
    },
]

APPOINTMENTS = [
    _appointment(
        "example",
        201,
        text=NARRATIVE,
        status="booked",
        serviceCategory=[{"coding": [{"code": "gp", "display": "General Practice"}]}],
        serviceType=[{"coding": [{"code": "52", "display": "Face peel"}]}],
        specialty=[{"coding": [{"system": SCT, "code": "394814009"}]}],
        appointmentType={
            "coding": [{"code": "FOLLOWUP", "display": "A follow up visit from a previous appointment"}]
        },
        reasonReference=[{"reference": "Condition/example", "display": "A sample"}],
        priority=5,
        description="A sample",
        start="2026-12-10T09:00:00Z",
        end="2026-12-10T11:00:00Z",
        created="2026-03-10",
        comment="A sample",
        basedOn=[{"reference": "ServiceRequest/myringotomy"}],
        participant=[*_BOTH, {"actor": {"reference": "Location/1"}, "required": "required", "status": "accepted"}],
    ),
    _appointment(
        "2docs",
        201,
        status="booked",
        supportingInformation=[{"reference": "DiagnosticReport/ultrasound"}],
        reasonCode=[{"text": "Face peel"}],
        priority=5,
        start="2026-12-09T09:00:00Z",
        end="2026-12-09T11:00:00Z",
        participant=[
            {**_BOTH[0], "required": "information-only"},
            {"actor": {"reference": "Practitioner/example"}, "required": "required", "status": "accepted"},
            {"actor": {"reference": "Practitioner/f202"}, "required": "required", "status": "accepted"},
        ],
    ),
    _appointment(
        "examplereq",
        422,
        "Appointment.status",
        meta=TESTED,
        identifier=[{"system": "http://example.org/sampleappointment-identifier", "value": "123"}],
        status="proposed",
        appointmentType={"coding": [{"code": "WALKIN"}]},
        reasonCode=[{"coding": [{"system": SCT, "code": "413095006"}], "text": "Clinical Review"}],
        minutesDuration=15,
        slot=[{"reference": "Slot/example"}],
        created="2026-03-10",
        participant=[{**it, "status": "needs-action"} for it in _BOTH],
        requestedPeriod=[{"start": "2026-03-17", "end": "2026-03-19"}],
    ),
]

_PEEL = {"coding": [{"system": SCT, "code": "24165007", "display": "A sample"}], "text": "A sample"}
PROCEDURES = [
    _procedure(
        "example",
        422,
        "Procedure.performed",
        text=NARRATIVE,
        status="completed",
        code=_PEEL,
        recorder=_BOTH[1]["actor"],
        asserter=_BOTH[1]["actor"],
        performedDateTime="2026-02-05",
        note=[{"text": "A sample"}],
    ),
    _procedure(
        "f001",
        201,
        status="completed",
        code=_PEEL,
        performer=[{"function": {"text": "A sample"}, "actor": _BOTH[1]["actor"]}],
        bodySite=[{"coding": [{"system": SCT, "code": "17401000"}]}],
        outcome={"text": "improved"},
        report=[{"reference": "DiagnosticReport/f001"}],
        complication=[{"text": "none"}],
        followUp=[{"text": "described in care plan"}],
        encounter={"reference": "Encounter/f001"},
        performedPeriod={"start": "2026-03-05T09:00:00-05:00", "end": "2026-03-05T10:27:00-05:00"},
    ),
    _procedure(
        "f003",
        201,
        status="completed",
        code={"text": "face  PEEL"},
        performedPeriod={"start": "2026-03-06T09:30:10+01:00", "end": "2026-03-06"},
    ),
    _procedure(
        "f201",
        422,
        "Procedure.code",
        status="completed",
        code={"text": "Radiotherapy"},
        performedPeriod={"start": "2026-01-28T13:31:00+01:00"},
    ),
    _procedure(
        "ambulation",
        200,
        status="not-done",
        statusReason={"text": "declined"},
        category={"text": "care"},
        code=_PEEL,
        performedDateTime="2026-03-07T12:00:00Z",
    ),
    _procedure(
        "appendectomy-narrative",
        422,
        "Procedure.performed",
        status="completed",
        code=_PEEL,
        performedDateTime="2026-03-02",
    ),
    _procedure(
        "biopsy",
        422,
        "Procedure.code",
        status="completed",
        code={"coding": [{"system": SCT, "code": "90105005"}]},
        performedDateTime="2026-02-03",
    ),
    _procedure(
        "education", 422, "Procedure.performedDateTime", status="completed", code=_PEEL, performedDateTime="2026"
    ),
    _procedure(
        "HCBS",
        422,
        "Procedure.status",
        status="in-progress",
        code=_PEEL,
        identifier=[{"value": "12345"}],
        basedOn=[{"reference": "ServiceRequest/a"}],
        location={"display": "home"},
    ),
    _procedure(
        "colonoscopy",
        400,
        "Procedure.performedDateTime",
        status="completed",
        code=_PEEL,
        performedString="some years ago",
    ),
    _procedure("ob", 400, "Procedure.performedDateTime", status="completed", code=_PEEL),
    _procedure(
        "physical-therapy",
        422,
        "Procedure.performedDateTime",
        status="completed",
        code=_PEEL,
        performedDateTime="2030-09-27T10:00:00Z",
    ),
    _procedure(
        "example-implant",
        201,
        status="completed",
        code=_PEEL,
        performedDateTime="2026-03-01T10:00:00-05:00",
        focalDevice=[{"action": {"text": "Implanted"}, "manipulated": {"reference": "Device/example"}}],
    ),
]
