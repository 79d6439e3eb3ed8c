"""What a FHIR client meets: media types, headers, statuses, the statement, and who may come."""

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from starlette.routing import Mount

from scheduler.domain.access import EVERY_CLINIC, Permission
from scheduler.services.fhir.statement import statement
from tests.fhir.system import System, appointment, issues, patient, places
from tests.services.house import House
from tests.web.desk import HERE


def routes(system: System) -> set[tuple[str, str]]:
    (mount,) = [it for it in system.app.routes if isinstance(it, Mount)]
    assert isinstance(mount.app, FastAPI)
    found = [it for it in mount.app.routes if isinstance(it, APIRoute)]
    return {(method, it.path) for it in found for method in it.methods or ()}


def test_the_statement_says_what_the_routes_do_and_nothing_else(system: System) -> None:
    answer = System(system.house, system.app, None).ask("GET", "/metadata")
    assert answer.status_code == 200
    said = answer.json()
    CapabilityStatement.model_validate(said)
    assert said["fhirVersion"] == "4.0.1"
    assert said["implementation"]["url"] == f"{system.house.settings.public_url}/fhir/r4/north"
    (rest,) = said["rest"]
    forms = {"create": ("POST", "/{clinic}/%s"), "update": ("PUT", "/{clinic}/%s/{resource_id}")}
    claimed = {("GET", "/{clinic}/metadata"), ("POST", "/{clinic}"), ("POST", "/{clinic}/")}
    for one in rest["resource"]:
        claimed |= {(method, path % one["type"]) for method, path in (forms[it["code"]] for it in one["interaction"])}
    assert routes(system) == claimed
    assert {it["code"] for it in rest["interaction"]} == {"transaction", "batch"}


def test_the_statement_tells_nobody_which_clinics_there_are(system: System) -> None:
    stranger = System(system.house, system.app, None)
    stranger.clinic = "nowhere"
    assert stranger.ask("GET", "/metadata").status_code == 200
    assert stranger.ask("GET", "/metadata").json() == statement(f"{system.house.settings.public_url}/fhir/r4/nowhere")
    stranger.clinic = "No%20clinic"
    assert stranger.ask("GET", "/metadata").status_code == 404


def test_a_new_resource_is_201_with_its_place_and_the_same_again_is_200_with_the_same(system: System) -> None:
    for resource in (patient(), appointment()):
        first, again = system.put(resource), system.put(resource)
        assert (first.status_code, again.status_code) == (201, 200)
        wanted = f"{system.house.settings.public_url}/fhir/r4/north/{resource['resourceType']}/{resource['id']}"
        assert first.headers["Location"] == again.headers["Location"] == wanted
        assert first.headers["Content-Type"].startswith("application/fhir+json")
        assert issues(first)[0]["severity"] == "information"
    assert system.put(appointment(), Prefer="return=minimal").content == b""


def test_a_posted_resource_gets_an_id_under_which_it_is_changed(system: System) -> None:
    system.put(patient())
    for number, new in enumerate(
        (appointment(), appointment(identifier=None, start="2026-04-01T10:00:00Z", end=None))
    ):
        first, again = system.post(new), system.post(new)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.headers["Location"] == again.headers["Location"]
        given = first.headers["Location"].rpartition("/")[2]
        moved = {**new, "id": given, "start": "2026-05-01T10:00:00Z"}
        moved.pop("end", None)
        assert system.put(moved).status_code == 200
        assert system.visits()[number][2] == "2026-05-01T10:00"


def test_a_conditional_create_does_nothing_where_one_is_there(system: System) -> None:
    condition = "identifier=urn:oid:1.2.36.146.595.217.0.1|MRN-p1"
    assert system.post(patient(), If_None_Exist=condition).status_code == 201
    renamed = patient(name=[{"text": "Zoë Roy"}])
    assert system.post(renamed, If_None_Exist=condition).status_code == 200
    system.put(appointment(whom="Patient?" + condition))
    assert system.house.patient(1).name == "Zoë Lachance"
    answer = system.post(renamed, If_None_Exist="name=Zoe")
    assert answer.status_code == 422
    assert "identifier=system|value" in issues(answer)[0]["diagnostics"]


ASKED: list[tuple[str, str, dict[str, str], int]] = [
    ("PUT", "/Patient/p1", {"Content_Type": "application/fhir+xml"}, 415),
    ("PUT", "/Patient/p1", {"Content_Type": "application/fhir+json; fhirVersion=5.0"}, 415),
    ("PUT", "/Patient/p1", {"Content_Type": "text/plain"}, 415),
    ("PUT", "/Patient/p1", {"Content_Type": "application/json;charset=utf-8"}, 201),
    ("PUT", "/Patient/p1", {"Content_Type": 'application/fhir+json; fhirVersion="4.0"'}, 200),
    ("PUT", "/Patient/p1", {"Accept": "application/fhir+xml"}, 406),
    ("PUT", "/Patient/p1", {"Accept": "application/fhir+xml, application/fhir+json;q=0.1"}, 200),
    ("PUT", "/Patient/p1?_format=xml", {}, 406),
    ("PUT", "/Patient/p1?_format=application/fhir%2Bjson", {"Accept": "application/xml"}, 200),
    ("PUT", "/Patient/p1", {"If_Match": 'W/"1"'}, 412),
    ("PUT", "/Patient/p_1", {}, 400),
    ("PUT", "/Practitioner/p1", {}, 404),
    ("POST", "/Appointment", {}, 400),
    ("GET", "/Patient/p1", {}, 405),
    ("DELETE", "/Patient/p1", {}, 405),
    ("GET", "/Patient", {}, 405),
    ("GET", "", {}, 405),
    ("POST", "", {}, 400),
]


def test_whatever_is_asked_is_answered_by_an_outcome_with_its_status(system: System) -> None:
    for method, path, headers, status in ASKED:
        answer = system.ask(method, path, patient() if method in ("PUT", "POST") else None, **headers)
        assert answer.status_code == status, (method, path, headers, answer.text)
        assert issues(answer)[0]["diagnostics"]
        if status == 405:
            assert answer.headers["Allow"] in ("POST", "PUT")


def test_only_a_key_that_books_at_the_clinic_gets_in(system: System) -> None:
    for permissions, clinic, status in (
        ((Permission.READ, Permission.BOOK), "north", 201),
        ((Permission.READ, Permission.BOOK), EVERY_CLINIC, 200),
        ((Permission.READ,), "north", 403),
        ((Permission.READ, Permission.BOOK), "south", 404),
    ):
        answer = system.with_key(*permissions, clinic=clinic).put(patient())
        assert answer.status_code == status, (permissions, clinic)
    stranger = System(system.house, system.app, None).put(patient())
    assert (stranger.status_code, issues(stranger)[0]["code"]) == (401, "login")
    assert "WWW-Authenticate" in stranger.headers
    anywhere = system.with_key(Permission.READ, Permission.BOOK, clinic=EVERY_CLINIC)
    anywhere.clinic = "nowhere"
    assert anywhere.put(patient()).status_code == 404


def test_what_was_written_is_on_record_without_a_name(system: System) -> None:
    system.put(patient())
    system.put(appointment())
    system.put(appointment(status="maybe"))
    with system.house.store.read() as tx:
        rows = tx.connection.exec_driver_sql(
            "SELECT action, clinic, subject, outcome FROM audit WHERE action LIKE 'fhir.%' ORDER BY id"
        ).all()
    assert [tuple(it) for it in rows] == [
        ("fhir.patient", "north", "patient/1", "done"),
        ("fhir.appointment", "north", "appointment/1", "done"),
        ("fhir.appointment", "north", None, "refused"),
    ]


def test_nobody_finds_what_a_patient_was_called_in_the_database(house: House) -> None:
    system = System.at(house)
    system.put(patient())
    with house.store.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT * FROM fhir_links").all()
    assert rows
    assert b"MRN" not in repr(rows).encode()
    assert HERE not in repr(rows)


def test_places_of_errors_are_fhirpaths(system: System) -> None:
    answer = system.put(patient(telecom=[{"system": "phone", "value": "+14165550123", "colour": "red"}]))
    assert places(answer) == ["Patient.telecom[0].colour"]
