"""The examples of the specification, taken or refused, and said why."""

from dataclasses import replace

import pytest

from scheduler.domain.clinic import Clinic, ImportMapping
from tests.fhir.examples import APPOINTMENTS, PATIENTS, PROCEDURES, SCT, Example
from tests.fhir.system import System, issues, places
from tests.services.house import House


@pytest.fixture
def house(house: House) -> House:
    """A clinic that says which of the codes are treatments of its."""
    known = house.configuration
    north: Clinic = known.clinics["north"]
    treatments = {"Face peel": "peel", f"{SCT}|24165007": "peel"}
    mapped = replace(north, imports=ImportMapping(treatments=treatments))
    return replace(house, configuration=replace(known, clinics={**known.clinics, "north": mapped}))


def test_each_example_is_taken_or_refused_as_it_should_be_and_the_same_when_it_comes_again(system: System) -> None:
    for again in (False, True):
        wrong = [text for it in (*PATIENTS, *APPOINTMENTS, *PROCEDURES) if (text := _amiss(system, it, again=again))]
        assert not wrong, "\n".join(wrong)
    with_visits = [it for it in (*APPOINTMENTS, *PROCEDURES) if it.status == 201]
    assert system.count("appointments") == len(with_visits)
    assert system.count("patients") == sum(it.status == 201 for it in PATIENTS)


def _amiss(system: System, example: Example, *, again: bool) -> str:
    answer = system.put(example.resource)
    named = f"{example.resource['resourceType']} {example.name}"
    wanted = 200 if again and example.status == 201 else example.status
    if answer.status_code != wanted:
        return f"{named}: {answer.status_code}, not {wanted}: {issues(answer)}"
    return f"{named}: {places(answer)}" if places(answer) != example.wrong else ""
