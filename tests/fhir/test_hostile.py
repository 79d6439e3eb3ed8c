"""Whatever is sent: an outcome below 500, and nothing half done."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.services.fhir.done import BASED_ON
from scheduler.web.fhir.route import MOST_BYTES
from tests.fhir.system import System, appointment, patient, procedure, put

NAME = "<script>alert(1)</script>\u202e"
BODIES: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"\xff\xfe", 400),
    (b"[]", 400),
    (b"null", 400),
    (b'"Patient"', 400),
    (b'{"resourceType": "Patient", "resourceType": "Patient", "id": "p1"}', 400),
    (b'{"resourceType": "Patient", "id": "p1", "multipleBirthInteger": NaN}', 400),
    (b'{"resourceType": "Patient", "id": "p1", "multipleBirthInteger": 1e999}', 400),
    (b'{"resourceType": "Patient", "id": "p1", "name": [{"text": "\\ud800"}]}', 400),
    (b'{"resourceType": "Patient", "id": "p1", "name": [{"text": "a\\u0000b"}]}', 422),
    (b'{"resourceType": "Patient", "id": "p1", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    (b'{"resourceType": "Patient", "id": "p1", "x": ' + b"9" * 5_000 + b"}", 400),
    (json.dumps(patient(contained=[{"resourceType": "Nonsense", "id": "x"}])).encode(), 201),
    (json.dumps(patient(contained=[[], None])).encode(), 400),
    (json.dumps(patient(contained=[{"resourceType": ["Patient"], "id": {}}])).encode(), 200),
    (json.dumps(patient(extension=[{"url": "u", "valueDecimal": 1e300}])).encode(), 200),
    (json.dumps(patient(meta={"lastUpdated": "0001-01-01T00:00:00+14:00"})).encode(), 200),
    (b" " * (MOST_BYTES + 1), 413),
]


def test_bodies_of_every_bad_kind_are_refused_in_words(system: System) -> None:
    for body, status in BODIES:
        answer = system.ask("PUT", "/Patient/p1", body)
        assert answer.status_code == status, (body[:80], answer.text[:300])
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_ten_megabytes_are_not_read_to_their_end(system: System) -> None:
    body = json.dumps(patient(text={"status": "generated", "div": "x" * 10_000_000})).encode()
    assert system.ask("PUT", "/Patient/p1", body).status_code == 413


def test_what_a_name_has_in_it_is_a_name(system: System) -> None:
    system.put(patient(name=[{"text": NAME}], text={"status": "generated", "div": "<div><script>1</script></div>"}))
    system.put(appointment())
    assert system.house.patient(1).name == "<script>alert(1)</script>"


PARTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            "Patient",
            "Patient/p1",
            "#p",
            "urn:uuid:1",
            "2026-03-18T10:00:00Z",
            "2026",
            "booked",
            "9999-12-31",
            "0001-01-01",
        ]
    ),
)
ANY = st.recursive(
    PARTS,
    lambda it: (
        st.lists(it, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reference", "identifier", "value", "system", "text", "coding", "code", "url", "start", "id"]
            )
            | st.text(max_size=4),
            it,
            max_size=4,
        )
    ),
    max_leaves=8,
)
SAMPLES: dict[str, dict[str, Any]] = {
    "Patient": patient(),
    "Appointment": appointment(contained=[patient("p")]),
    "Procedure": procedure(meta={"lastUpdated": "2026-03-01T00:00:00Z"}),
}
EXTRA: dict[str, dict[str, Any]] = {
    "Patient": {
        "communication": [{"language": {"coding": [{"code": "fr"}]}, "preferred": True}],
        "link": [{"type": "seealso", "other": {"reference": "Patient/p2"}}],
        "deceasedDateTime": "2026-01-01",
        "meta": {"lastUpdated": "2026-03-01T00:00:00Z"},
    },
    "Appointment": {
        "reasonCode": [{"coding": [{"system": "urn:s", "code": "peel", "display": "Peel"}], "text": "peel"}],
        "appointmentType": {"text": "peel"},
    },
    "Procedure": {
        "performedPeriod": {"start": "2026-03-02", "end": "2026-03-03"},
        "identifier": [{"use": "usual", "system": "urn:s", "value": "1"}],
        "extension": [{"url": BASED_ON, "valueReference": {"reference": "Appointment/a1"}}],
    },
}
LEFT_OUT = object()


def ways_in(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every part of a value."""
    for key, part in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield (*way, key)
        yield from ways_in(part, (*way, key))


def changed(whole: Any, way: tuple[str | int, ...], part: Any) -> Any:
    """Return a value with another part at the end of a way, or with none there."""
    key, *rest = way
    new: Any = dict(whole) if isinstance(whole, dict) else list(whole)
    if rest:
        new[key] = changed(new[key], tuple(rest), part)
    elif part is LEFT_OUT:
        del new[key]
    else:
        new[key] = part
    return new


PLACES = [
    (kind, way, extra)
    for kind, sample in SAMPLES.items()
    for extra in (False, True)
    for way in ways_in({**sample, **(EXTRA[kind] if extra else {})})
    if way != ("resourceType",)
]


@given(st.sampled_from(PLACES), st.one_of(PARTS, ANY, st.just(LEFT_OUT)), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_resource_with_anything_in_one_of_its_places_ends_below_500(
    system: System,
    place: tuple[str, tuple[str | int, ...], bool],
    part: Any,
    bundled: bool,
) -> None:
    kind, way, extra = place
    sample = {**SAMPLES[kind], **(EXTRA[kind] if extra else {})}
    resource = changed(sample, way, part)
    counted = ("patients", "appointments", "fhir_links")
    before = [system.count(it) for it in counted]
    path = f"/{kind}/{sample['id']}"
    if bundled:
        entry = {"resource": resource, "request": {"method": "PUT", "url": path[1:]}}
        answer = system.transaction(put(patient("other")), entry)
    else:
        answer = system.ask("PUT", path, resource)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert [system.count(it) for it in counted] == before


@given(ANY)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_at_all_ends_below_500(system: System, value: Any) -> None:
    for path in ("", "/Patient", "/Appointment/a1"):
        assert 400 <= system.ask("POST" if path != "/Appointment/a1" else "PUT", path, value).status_code < 500
    for entries in (value, [value], [{"resource": value, "request": {"method": "POST", "url": "Patient"}}]):
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        assert system.ask("POST", "", bundle).status_code < 500
    assert system.count("patients") == 0
