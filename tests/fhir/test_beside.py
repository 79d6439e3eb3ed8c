"""What came by FHIR stands beside what came otherwise: pages, erasures, exports, and the documentation."""

import re
from pathlib import Path

from scheduler.domain.access import Role
from scheduler.services.appointments import reschedule
from scheduler.services.erasing import erase
from scheduler.services.fhir import (
    addresses,
    appointments,
    done,
    naming,
    patients,
    persons,
    recognising,
    references,
    same,
    taking,
    times,
    visits,
    wishes,
)
from scheduler.services.fhir.issues import Code
from scheduler.services.fhir.visits import STATUSES
from scheduler.store.appointments import get_appointment
from scheduler.web.fhir.answers import STATUSES as ANSWERED
from tests.fhir.system import System, appointment, patient, places, procedure
from tests.repo.page_rest import document
from tests.services.house import VISIT, House
from tests.web.desk import desk_app, signed_in

PAGE = (Path(__file__).parents[2] / "docs/reference/fhir.md").read_text(encoding="utf-8")
NAME = "<script>alert(1)</script>"


def test_a_patient_without_a_visit_and_with_a_hostile_name_has_a_page(house: House) -> None:
    system = System.at(house)
    system.put(patient(name=[{"text": NAME}]))
    desk = signed_in(desk_app(house), house.store, Role.STAFF)
    for again in range(2):
        shown = desk.get("/desk/patients/1")
        assert shown.status_code == 200
        assert NAME not in shown.text
        assert "&lt;script&gt;alert(1)" in shown.text
        if not again:
            system.put(appointment())


def test_an_erased_patient_is_found_by_nothing_and_comes_anew(house: House) -> None:
    system = System.at(house)
    system.put(patient())
    system.put(procedure())
    erase(house.store, house.settings.outbox_dir, 1, now=house.clock.now(), by="test")
    assert system.count("fhir_links") == 0
    assert places(system.put(appointment())) == ["Appointment.participant[0].actor"]
    assert system.put(patient()).status_code == 201
    assert house.patient(1).is_erased


def test_a_visit_of_an_export_is_followed_under_its_number(house: House) -> None:
    system = System.at(house)
    house.register(external_id="B-a1", patient_id="MRN-p1")
    house.register(clinic="south", external_id="B-a1", phone="+34600000123")
    by_number = {"type": "Patient", "identifier": {"value": "MRN-p1"}}
    moved = appointment(start="2026-03-19T10:00:00-04:00", end="2026-03-19T11:00:00-04:00")
    moved["participant"][0]["actor"] = by_number
    assert system.put(moved).status_code == 200
    assert system.put(appointment(status="cancelled")).status_code == 200
    assert [it[1:] for it in system.visits()] == [("cancelled", "2026-03-19T14:00"), ("booked", "2026-03-18T14:00")]


def test_a_cancellation_that_tells_of_somebody_else_leaves_the_visit_of_an_export_alone(house: House) -> None:
    system = System.at(house)
    house.register(external_id="B-a1")
    telecom = [{"system": "phone", "value": "+14165550177"}]
    ben = patient("p2", name=[{"text": "Ben Stone"}], telecom=telecom, identifier=[{"value": "MRN-9"}])
    for status in ("cancelled", "booked"):
        system.put(appointment(status=status, whom="#p2", contained=[ben]))
    assert [it[1:] for it in system.visits()] == [("booked", "2026-03-18T14:00")]


def test_an_export_that_is_older_than_what_the_system_said_moves_nobody_back(house: House) -> None:
    """And staff's word stands against what either said before it."""
    system = System.at(house)
    system.put(patient())
    moved = appointment(start="2026-03-19T10:00:00-04:00", end=None, meta={"lastUpdated": "2026-03-10T14:00:00Z"})
    system.put(moved)
    for changed, result in (("2026-03-10T13:59:59Z", "unchanged"), ("2026-03-10T14:00:01Z", "rescheduled")):
        raw = {"external_id": "B-a1", "patient_id": "MRN-p1", "updated_at": changed}
        assert house.enter(house.registration(**raw), follow=True).result == result
    with house.store.write() as tx:
        now = house.clock.now()
        reschedule(tx, house.configuration, get_appointment(tx, 1), starts_at=VISIT, now=now, by="desk")
    system.put({**moved, "status": "cancelled", "meta": {"lastUpdated": "2026-03-10T14:59:59Z"}})
    assert [it[1:] for it in system.visits()] == [("booked", "2026-03-18T14:00")]


def test_the_rest_apis_own_description_leaves_fhir_to_fhirs() -> None:
    assert not [it for it in document()["paths"] if "fhir" in it.lower()]


def test_every_element_that_is_read_every_status_and_every_code_is_documented() -> None:
    modules = (
        *(addresses, appointments, done, naming, patients, persons, recognising),
        *(references, same, taking, times, visits, wishes),
    )
    sources = [Path(str(it.__file__)).read_text(encoding="utf-8") for it in modules]
    read = {name for text in sources for name in re.findall(r'(?:get\(|resource\[|procedure\[|\[)"([a-z]\w*)"', text)}
    listed = {name for text in sources for name in re.findall(r'"(serviceType|reasonCode|\w+(?=" in ))"?', text)}
    of_every = {"id", "resourceType", "reference", "value", "contained", "use", "code"}
    words = set(re.findall(r"`([^`]+)`", PAGE.replace("\\|", "|")))
    said = {part for word in words for part in re.split(r"[^A-Za-z-]+", word)}
    assert {"telecom", "performedPeriod", "lastUpdated", "deceasedDateTime"} <= read | listed
    assert (read | listed) - of_every - said == set()
    assert set(STATUSES) - said == set()
    assert {it.value for it in ANSWERED} - said == set()
    assert {it.value for it in Code} - said <= {"informational", "exception"}
