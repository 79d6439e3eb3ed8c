"""A transaction is taken whole or not at all, whatever its order; of a batch each for itself."""

from itertools import permutations
from typing import Any

import pytest

from tests.fhir.system import System, appointment, issues, patient, places, post, procedure, put

PERSON = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
VISIT = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"


def whole() -> list[dict[str, Any]]:
    """A patient, a visit to come, and one that took place, which mean each other."""
    based = [{"url": "http://hl7.org/fhir/StructureDefinition/event-basedOn", "valueReference": {"reference": VISIT}}]
    start = {"start": "2026-03-10T09:00:00-04:00", "end": "2026-03-10T10:00:00-04:00"}
    return [
        post(patient(), PERSON),
        post(appointment(whom=PERSON, **start), VISIT),
        put(procedure(whom=PERSON, extension=based, performedDateTime="2026-03-10T10:30:00-04:00")),
    ]


def statuses(answer: Any) -> list[str]:
    return [it["response"]["status"][:3] for it in answer.json()["entry"]]


def test_a_transaction_in_any_order_is_taken_once(system: System) -> None:
    for number, order in enumerate(permutations(whole())):
        answer = system.transaction(*order)
        assert answer.status_code == 200, answer.text
        assert answer.json()["type"] == "transaction-response"
        kinds = [it["resource"]["resourceType"] for it in order]
        assert [it["response"]["location"].partition("/")[0] for it in answer.json()["entry"]] == kinds
        if number:
            assert statuses(answer) == ["200"] * 3
    assert system.visits() == [("B-a1", "completed", "2026-03-10T13:00")]
    assert system.count("patients") == 1


def test_a_transaction_on_either_database(any_system: System) -> None:
    for _ in range(2):
        assert any_system.transaction(*whole()).status_code == 200
    assert any_system.visits() == [("B-a1", "completed", "2026-03-10T13:00")]
    assert any_system.put(patient(deceasedBoolean=True)).status_code == 200
    assert any_system.put(procedure(status="entered-in-error")).status_code == 200
    assert any_system.visits()[0][1] == "cancelled"


WRONG: list[tuple[dict[str, Any], int, str]] = [
    (put(appointment("a9", whom="Patient/none")), 422, "Bundle.entry[3].resource.participant[0].actor"),
    (put(appointment("a9", whom="urn:uuid:none")), 400, "Bundle.entry[3].resource.participant"),
    (put(appointment("a9", whom=VISIT)), 400, "Bundle.entry[3].resource.participant"),
    (put(appointment("a9", start="soon")), 422, "Bundle.entry[3].resource.start"),
    (put(patient("p9", telecom=None)), 422, "Bundle.entry[3].resource.telecom"),
    (put(procedure("d9", whom="Patient/d9")), 422, "Bundle.entry[3].resource.subject"),
    (put(procedure()), 422, "Bundle.entry[3]"),
    (post(patient("p9", identifier=None), PERSON), 422, "Bundle.entry[3]"),
    ({**put(patient("p9")), "request": {"method": "PUT", "url": "Patient/p8"}}, 400, "Bundle.entry[3].resource.id"),
    (
        {**put(patient("p9")), "request": {"method": "POST", "url": "Appointment"}},
        400,
        "Bundle.entry[3].resource.resourceType",
    ),
    ({"request": {"method": "DELETE", "url": "Appointment/a1"}}, 422, "Bundle.entry[3].request.method"),
    ({"request": {"method": "GET", "url": "Patient?name=x"}}, 422, "Bundle.entry[3].request.url"),
    ({"request": {"method": "POST", "url": "Practitioner"}}, 422, "Bundle.entry[3].request.url"),
    ({"request": {"method": "POST", "url": "Patient"}}, 400, "Bundle.entry[3].resource"),
    ({"resource": patient("p9")}, 400, "Bundle.entry[3].request"),
    (
        {**put(patient("p9")), "request": {"method": "PUT", "url": "Patient/p9", "ifMatch": 'W/"2"'}},
        422,
        "Bundle.entry[3].request.ifMatch",
    ),
    ({**put(patient("p9")), "colour": "red"}, 400, "Bundle.entry[3].colour"),
    ({**put(patient("p9")), "modifierExtension": [{"url": "urn:not"}]}, 422, "Bundle.entry[3].modifierExtension"),
]


def test_one_entry_that_is_wrong_leaves_nothing_of_a_transaction(system: System) -> None:
    wrong = []
    for entry, status, place in WRONG:
        answer = system.transaction(*whole(), entry)
        if (answer.status_code, place in places(answer)) != (status, True):
            wrong.append(f"{place}: {answer.status_code} {answer.text}")
    assert not wrong, "\n".join(wrong)
    assert [system.count(it) for it in ("patients", "appointments", "messages", "fhir_links")] == [0] * 4


def test_the_address_of_an_entry_may_be_whole_or_begin_at_the_base(system: System) -> None:
    base = f"{system.house.settings.public_url}/fhir/r4/north"
    for entry, url in ((put(patient()), f"{base}/Patient/p1"), (put(appointment()), "/Appointment/a1")):
        assert statuses(system.transaction({**entry, "request": {"method": "PUT", "url": url}})) == ["201"]
    foreign = {"method": "PUT", "url": "https://elsewhere.example/fhir/Patient/p1"}
    assert system.transaction({**put(patient()), "request": foreign}).status_code == 422


def test_everything_that_is_wrong_in_a_transaction_is_said_at_once(system: System) -> None:
    answer = system.transaction(*(put(appointment(f"a{it}", whom="Patient/none")) for it in range(3)))
    assert places(answer) == [f"Bundle.entry[{it}].resource.participant[0].actor" for it in range(3)]


def test_of_a_batch_each_is_taken_or_refused_by_itself(system: System) -> None:
    entries = [
        put(patient()),
        put(appointment()),
        put(appointment("a2", status="maybe")),
        post(patient("p2"), PERSON),
    ]
    entries += [put(appointment("a3", whom=PERSON)), {"resource": patient("p5")}]
    answer = system.bundle("batch", *entries)
    assert answer.status_code == 200
    assert statuses(answer) == ["201", "201", "422", "201", "400", "400"]
    said = answer.json()["entry"][2]["response"]["outcome"]["issue"][0]
    assert said["expression"] == ["Bundle.entry[2].resource.status"]
    assert [it for it, _, _ in system.visits()] == ["B-a1"]


@pytest.mark.parametrize("kind", ["collection", "message", "searchset", "history", None, "transaction-response"])
def test_other_bundles_are_refused(system: System, kind: str | None) -> None:
    answer = system.ask("POST", "", {"resourceType": "Bundle", "type": kind, "entry": whole()})
    assert answer.status_code == 422
    assert places(answer) == ["Bundle.type"]


def test_a_bundle_of_nothing_does_nothing_and_one_too_long_is_refused(system: System) -> None:
    assert system.transaction().json() == {"resourceType": "Bundle", "type": "transaction-response"}
    answer = system.transaction(*[put(patient())] * 201)
    assert (answer.status_code, places(answer)) == (422, ["Bundle.entry"])


def test_patients_who_replace_each_other_in_a_circle_are_refused(system: System) -> None:
    one, other = (
        patient(mine, link=[{"type": "replaced-by", "other": {"reference": f"Patient/{theirs}"}}])
        for mine, theirs in (("p1", "p2"), ("p2", "p1"))
    )
    answer = system.transaction(put(one), put(other), put(appointment()))
    assert answer.status_code == 422
    assert len(issues(answer)) == 3


def test_somebody_who_has_died_and_is_not_known_holds_up_nobody_else(system: System) -> None:
    gone = put(patient("p9", deceasedDateTime="2020", telecom=None))
    answer = system.transaction(*whole(), gone, put(appointment("a9", whom="Patient/p9")))
    assert statuses(answer) == ["201", "201", "200", "200", "200"]
    assert system.count("patients") == 1
    assert [it for it, _, _ in system.visits()] == ["B-a1"]
