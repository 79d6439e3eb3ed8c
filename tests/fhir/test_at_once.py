"""Several at once tell of the same: it is taken once, on either database."""

from concurrent.futures import ThreadPoolExecutor

from scheduler.domain.fhir import FhirKind
from scheduler.services.fhir.bundles import FhirIntake
from scheduler.web.fhir.app import PATH
from tests.fhir.system import System, appointment, patient, procedure, put
from tests.services.house import House
from tests.web.desk import desk_of


def test_the_same_told_by_several_at_once_is_taken_once(any_house: House) -> None:
    desk = desk_of(any_house)
    intake = FhirIntake(desk, any_house.configuration.clinic("north"), "test", f"http://here{PATH}/north")
    told = [put(patient()), put(appointment()), put(procedure())]
    bundles = [
        {"resourceType": "Bundle", "type": "transaction", "entry": told[turn:] + told[:turn]} for turn in range(3)
    ]
    with ThreadPoolExecutor(6) as several:
        done = [*several.map(intake.take_all, bundles * 4)]
    assert sum(it.is_new for one in done for it in one) == 3
    system = System.at(any_house)
    assert sorted(system.visits()) == [
        ("B-a1", "booked", "2026-03-18T14:00"),
        ("Procedure/d1", "completed", "2026-03-09T14:10"),
    ]
    assert system.count("patients") == 1
    assert [it.kind for it in done[0]] == list(FhirKind)
