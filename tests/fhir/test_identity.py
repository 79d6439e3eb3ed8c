"""Who and what is meant: a logical id names one thing, an identifier only what it can prove."""

from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.store.fhir_tables import fhir_links
from scheduler.store.patients import get_patient
from tests.fhir.system import Resource, System, appointment, issues, patient, places, post, procedure, put

ZOE, OTHER = "+14165550123", "+14165550177"


def person(resource_id: str | None, name: str, phone: str | None, *ids: str, **more: Any) -> Resource:
    """Return a Patient called so, with that phone and these identifiers ("system|value")."""
    telecom = [{"system": "phone", "value": phone}] if phone else None
    told = patient(resource_id or "x", name=[{"text": name}], telecom=telecom, identifier=named(*ids), **more)
    return told if resource_id else {key: it for key, it in told.items() if key != "id"}


def named(*ids: str) -> list[dict[str, str]] | None:
    pairs = [it.partition("|") for it in ids]
    return [{"system": system, "value": value} if system else {"value": value} for system, _, value in pairs] or None


def visit(resource_id: str, whom: str, *ids: str, day: int = 20, **more: Any) -> Resource:
    start = {"start": f"2026-04-{day}T10:00:00-04:00", "end": f"2026-04-{day}T11:00:00-04:00"}
    return appointment(resource_id, whom=f"Patient/{whom}", identifier=named(*ids), **{**start, **more})


def said(at: str) -> dict[str, str]:
    return {"lastUpdated": f"2026-03-10T{at}:00Z"}


def words(answer: Any) -> str:
    return str(issues(answer)[0]["diagnostics"])


def people(system: System) -> list[tuple[str, str | None]]:
    with system.house.store.read() as tx:
        found = [get_patient(tx, number) for number in range(1, system.count("patients") + 1)]
    return [(it.name, it.phone) for it in found]


def stands(system: System) -> list[str]:
    return [status for _, status, _ in system.visits()]


SHARED = [("mrn|1", "mrn|2", "ins|9"), ("", "", "|42"), ("mrn|1", "mrn|2", "|42")]


@pytest.mark.parametrize(("mother", "child", "both"), SHARED)
def test_two_ids_are_two_people_whatever_identifier_they_share(
    any_system: System, mother: str, child: str, both: str
) -> None:
    system = any_system
    for _ in range(2):
        system.put(person("m", "Maria Ferro", ZOE, *filter(None, [mother]), both))
        system.put(visit("am", "m"))
        system.put(person("c", "Kid Ferro", ZOE, *filter(None, [child]), both))
        system.put(visit("ac", "c", day=21))
    assert people(system) == [("Maria Ferro", ZOE), ("Kid Ferro", ZOE)]
    assert stands(system) == ["booked", "booked"]
    system_of, _, value = both.partition("|")
    by_it = {"type": "Patient", "identifier": {"system": system_of or "urn:none", "value": value}}
    taken = visit("as", "m", day=22, participant=[{"actor": by_it, "status": "accepted"}])
    if both.startswith("ins"):
        answer = system.put(taken)
        assert (answer.status_code, places(answer)) == (412, ["Appointment.participant[0].actor"])


def test_a_first_identifier_of_another_id_is_refused_and_changes_nothing(system: System) -> None:
    system.put(person("m", "Maria Ferro", ZOE, "mrn|1"))
    for more in ({}, {"deceasedBoolean": True}):
        for name, phone in (("Kid Ferro", ZOE), ("Maria Ferro", ZOE), ("Kid Other", OTHER)):
            answer = system.put(person("c", name, phone, "mrn|1", **more))
            assert answer.status_code == 409, (name, answer.text)
    assert people(system) == [("Maria Ferro", ZOE)]


def test_the_death_of_one_is_not_that_of_another_with_an_identifier_of_theirs(system: System) -> None:
    system.put(person("wm", "Ana Alive", ZOE, "mrn|71", "ins|79"))
    system.put(visit("a", "wm"))
    dead = person("wo", "Otto Gone", OTHER, "mrn|72", "ins|79", deceasedDateTime="2026-03-01")
    assert "not known here" in words(system.put(dead))
    assert stands(system) == ["booked"]
    posted = person(None, "Otto Gone", OTHER, "mrn|71", deceasedDateTime="2026-03-01")
    assert system.post(posted).status_code == 409
    assert stands(system) == ["booked"]


def test_what_was_off_or_dead_before_it_was_known_stays_so_whatever_is_older(any_system: System) -> None:
    system = any_system
    system.put(patient())
    for word in ("cancelled", "entered-in-error"):
        off = visit(f"z-{word}", "p1", "q|1", status=word, meta=said("09:30"))
        assert "never registered" in words(system.put(off))
        assert "older" in words(system.put(visit(f"z-{word}", "p1", "q|1", meta=said("09:00"))))
    system.put(procedure("d9", status="entered-in-error", meta=said("09:30")))
    assert "older" in words(system.put(procedure("d9", meta=said("09:00"))))
    assert system.visits() == []
    gone = person("vd", "Otto Gone", OTHER, "mrn|5", deceasedBoolean=True, meta=said("09:00"))
    system.put(gone)
    alive = person("vd", "Otto Gone", OTHER, "mrn|5", meta=said("08:00"))
    assert "older" in words(system.put(alive))
    assert "died" in words(system.post({**alive, "id": "other"}))
    assert "has died" in words(system.put(visit("vda", "vd")))
    assert system.visits() == []
    assert system.put({**alive, "meta": said("09:30")}).status_code == 201
    assert system.put(visit("vda", "vd")).status_code == 201
    assert system.put(visit("z-cancelled", "p1", "q|1", meta=said("09:45"))).status_code == 201


def test_a_visit_that_was_sent_under_two_ids_is_two_and_one_that_is_off_takes_none_with_it(system: System) -> None:
    system.put(patient())
    for number in ("db1", "db2"):
        assert system.put(visit(number, "p1")).status_code == 201
    system.put(visit("db2", "p1", status="cancelled"))
    assert stands(system) == ["booked", "cancelled"]
    first = system.post(visit("x", "p1", day=25)).headers["Location"].rpartition("/")[2]
    other = system.post(visit("x", "p1", day=25, comment="again")).headers["Location"].rpartition("/")[2]
    assert first != other
    system.put(visit(other, "p1", day=25, status="cancelled"))
    assert stands(system) == ["booked", "cancelled", "booked", "cancelled"]


def test_two_ids_with_one_name_and_phone_are_two_people(system: System) -> None:
    system.put(person("tx1", "X Twin", ZOE))
    system.put(visit("t1", "tx1"))
    system.put(person("tx2", "X Twin", ZOE))
    system.put(visit("t2", "tx2"))
    system.put(person("tx2", "Jane Twin", ZOE))
    assert people(system) == [("X Twin", ZOE), ("Jane Twin", ZOE)]
    assert [system.house.appointment(number).patient_id for number in (1, 2)] == [1, 2]


def based_on(number: str) -> list[dict[str, Any]]:
    url = "http://hl7.org/fhir/StructureDefinition/event-basedOn"
    return [{"url": url, "valueReference": {"reference": f"Appointment/{number}"}}]


def test_nothing_calls_off_a_strangers_visit(system: System) -> None:
    system.put(person("vx", "Vera Ex", ZOE))
    system.put(person("vy", "Yves Why", OTHER))
    system.put(visit("vxa", "vx", "q|900", "|77"))
    for word in ("not-done", "entered-in-error"):
        answer = system.put(procedure("d1", whom="Patient/vy", status=word, extension=based_on("vxa")))
        assert (answer.status_code, places(answer)) == (409, ["Procedure.subject"])
        system.put(procedure("d2", whom="Patient/vy", status=word, identifier=named("|77")))
        answer = system.put(procedure("d3", whom="Patient/vy", status=word, identifier=named("q|900")))
        assert answer.status_code == 409
    assert system.put(visit("yb1", "vy", "q|900")).status_code == 409
    for word in ("cancelled", "entered-in-error", "noshow", "pending"):
        answer = system.put(visit("yb1", "vy", "q|900", status=word))
        assert answer.status_code in (200, 422), answer.text
        assert system.post(visit("x", "vy", "q|900", status=word)).status_code == 409
    assert stands(system) == ["booked"]
    system.put(visit("vxa", "vx", "q|900", status="cancelled"))
    assert stands(system) == ["cancelled"]


def test_what_something_else_says_took_place_is_not_called_off(system: System) -> None:
    system.put(patient())
    day: dict[str, Any] = {"start": "2026-03-09T10:00:00-04:00", "end": "2026-03-09T11:00:00-04:00"}
    system.put(visit("a", "p1", status="fulfilled", **day))
    for number in ("1", "2"):
        system.put(procedure(f"d{number}", identifier=named(f"p|{number}")))
    assert "took place" in words(system.put(procedure("d2", identifier=named("p|2"), status="entered-in-error")))
    assert "took place" in words(system.put(visit("a", "p1", status="cancelled", **day)))
    assert stands(system) == ["completed"]
    system.put(procedure("d1", identifier=named("p|1"), status="entered-in-error"))
    assert stands(system) == ["cancelled"]
    for side in ("left", "right"):
        system.put(visit("b", "p1", start="2026-03-08T10:00:00-04:00", end=None))
        system.put(procedure(side, performedDateTime="2026-03-08"))
    assert "took place" in words(system.put(procedure("right", performedDateTime="2026-03-08", status="not-done")))
    system.house.register(external_id="55", starts_at="2026-03-07T10:00:00-05:00", ends_at="", status="completed")
    system.put(procedure("d7", whom="Patient/p1", performedDateTime="2026-03-07"))
    assert "took place" in words(system.put(procedure("d7", performedDateTime="2026-03-07", status="not-done")))
    assert stands(system) == ["cancelled", "completed", "completed"]


def test_the_visits_of_a_series_are_visits_of_their_own(system: System) -> None:
    system.put(patient())
    one, other = visit("s1", "p1", "a|s1", "series|77", day=10), visit("s2", "p1", "a|s2", "series|77", day=24)
    for _ in range(2):
        assert system.transaction(put(one), put(other)).status_code == 200
    assert [it for it, _, _ in system.visits()] == ["s1", "s2"]
    for number, day in (("u1", 11), ("u2", 25)):
        assert system.put(visit(number, "p1", "|88", day=day)).status_code == 201
    assert [it for it, _, _ in system.visits()] == ["s1", "s2", "88", "u2"]
    assert system.put(visit("s3", "p1", "a|s1", day=26)).status_code == 409
    assert system.put(visit("u3", "p1", "other|88", day=27)).status_code == 201
    system.put({**one, "status": "cancelled"})
    assert system.put(visit("s3", "p1", "a|s1", day=26)).status_code == 201
    assert stands(system) == ["cancelled", *["booked"] * 5]


def test_a_relative_reference_means_what_is_at_the_base_of_its_own_entry(system: System) -> None:
    ana, ben = person(None, "Ana Uno", ZOE, "urn:a|7"), person(None, "Ben Dos", OTHER, "urn:b|7")
    theirs = [post(ana, "https://a.example/fhir/Patient/7"), post(ben, "https://b.example/fhir/Patient/7")]
    booked = {key: it for key, it in visit("x", "7", "urn:b|1").items() if key != "id"}
    assert system.transaction(*theirs, post(booked, "https://b.example/fhir/Appointment/1")).status_code == 200
    assert system.house.patient(1).name == "Ben Dos"
    for full_url in (None, "urn:uuid:1", "https://c.example/fhir/Appointment/1"):
        answer = system.transaction(*theirs, post({**booked, "identifier": named("urn:c|2")}, full_url))
        assert (answer.status_code, places(answer)) == (422, ["Bundle.entry[2].resource.participant[0].actor"])
    at_home = f"{system.house.settings.public_url}/fhir/r4/north/Patient/7"
    mine = post(person(None, "Cy Tres", "+14165550188", "urn:z|7"), at_home)
    assert system.transaction(mine, post({**booked, "identifier": named("urn:c|2")})).status_code == 200
    assert system.house.patient(2).name == "Cy Tres"
    under_7 = put(person("7", "Ana Uno", ZOE, "urn:x|7"), "https://a.example/fhir/Patient/7")
    answer = system.transaction(under_7, post(booked, "https://b.example/fhir/Appointment/1"))
    assert answer.status_code == 422


def test_a_contained_patient_that_is_older_changes_nothing_and_takes_no_death_back(system: System) -> None:
    known = person(None, "Cz Ann", "+14165550123", "mrn|3", meta=said("12:00"))
    system.post(known)
    within = person("c", "Cz Ann", "+14165550177", "mrn|3")
    within["telecom"].append({"system": "phone", "value": "+14165550123", "use": "work"})
    old = visit("a", "p1", contained=[within], meta=said("09:00"))
    old["participant"][0]["actor"] = {"reference": "#c"}
    assert system.put(old).status_code == 201
    assert people(system) == [("Cz Ann", "+14165550123")]
    assert system.put({**old, "meta": said("13:00")}).status_code == 200
    assert people(system) == [("Cz Ann", "+14165550177")]
    gone = {**old, "id": "b", "contained": [{**within, "deceasedBoolean": True}], "meta": said("14:00")}
    system.put(gone)
    assert stands(system) == ["cancelled"]
    assert "has died" in words(system.put({**old, "meta": said("14:30")}))
    assert stands(system) == ["cancelled"]


def test_a_death_told_under_one_name_counts_under_every_other(any_system: System) -> None:
    system = any_system
    told = person("dv", "Diva Gone", ZOE, "mrn|6", meta=said("09:00"))
    system.put(told)
    system.put(visit("dva", "dv"))
    posted = {**told, "id": "x", "deceasedBoolean": True, "meta": said("10:00")}
    assert "died" in words(system.post(posted))
    for number in ("dva", "dvb"):
        assert "has died" in words(system.put(visit(number, "dv")))
    assert "older" in words(system.put({**told, "meta": said("09:30")}))
    assert "has died" in words(system.put(visit("dvb", "dv")))
    assert stands(system) == ["cancelled"]
    system.put({**told, "meta": said("10:30")})
    assert system.put(visit("dvb", "dv")).status_code == 201


def test_under_its_own_id_a_patient_may_change_name_and_phone_and_not_become_another(system: System) -> None:
    system.put(person("w", "Ines Before", ZOE, "mrn|8"))
    assert system.put(person("w", "Ines After", OTHER, "mrn|8")).status_code == 200
    assert people(system) == [("Ines After", OTHER)]
    answer = system.put(person("w", "Otto Else", "+14165550188", "mrn|8"))
    assert (answer.status_code, places(answer)) == (409, ["Patient.name"])
    assert "correct" in words(answer)
    assert people(system) == [("Ines After", OTHER)]


def test_a_condition_that_is_met_means_whom_it_found(system: System) -> None:
    system.put(person("k1", "Cond Known", ZOE, "urn:c|C1"))
    same = person(None, "Cond Known", ZOE)
    booked = appointment("x", whom="urn:uuid:1", identifier=named("urn:c|A1"))
    entries = post(same, "urn:uuid:1", ifNoneExist="identifier=urn:c|C1"), put(booked)
    answer = system.transaction(*entries)
    assert answer.status_code == 200, answer.text
    assert system.house.patient(1).name == "Cond Known"
    assert system.count("patients") == 1
    place = answer.json()["entry"][0]["response"]["location"]
    assert system.put(visit("y", place.partition("/")[2], day=21)).status_code == 201
    stranger = person(None, "Other Person", OTHER)
    assert system.post(stranger, If_None_Exist="identifier=urn:c|C1").status_code == 409
    for number in ("m", "c"):
        system.put(person(number, f"{number} Ferro", ZOE, f"mrn|{number}", "ins|9"))
    assert system.post(same, If_None_Exist="identifier=ins|9").status_code == 412
    assert system.count("patients") == 3


def test_a_name_that_another_visit_has_is_never_tried_for_ever(system: System) -> None:
    system.put(patient())
    system.put(visit("u1", "p1", "u1|L9"))
    new = visit("x", "p1", day=24)
    given = system.post(new).headers["Location"].rpartition("/")[2]
    answer = system.put(visit(given, "p1", "u2|L9", day=24))
    assert answer.status_code == 200, answer.text
    assert len(system.visits()) == 2


def test_what_was_kept_before_names_had_owners_goes_on(any_system: System) -> None:
    system = any_system
    system.put(patient())
    system.put(appointment())
    system.put(procedure())
    with system.house.store.write() as tx:
        nothing = dict.fromkeys(("owner_hash", "says", "phone_hash", "email_hash"))
        tx.connection.execute(sa.update(fhir_links).values(**nothing))
    assert system.put(patient(name=[{"family": "Roy", "given": ["Zoë"]}])).status_code == 200
    assert system.put(appointment(start="2026-03-19T10:00:00-04:00", end=None)).status_code == 200
    assert system.put(procedure(status="entered-in-error")).status_code == 200
    assert stands(system) == ["booked", "cancelled"]
    assert system.put(patient("p2", identifier=patient()["identifier"])).status_code == 409
    assert system.put(appointment("a2", identifier=appointment()["identifier"])).status_code == 409
    assert system.count("patients") == 1


def test_an_identifier_that_is_given_up_may_be_anothers(system: System) -> None:
    system.put(person("m", "Maria Ferro", ZOE, "mrn|1"))
    system.put(person("m", "Maria Ferro", ZOE, "mrn|3"))
    assert system.put(person("c", "Kid Ferro", OTHER, "mrn|1")).status_code == 201
    assert people(system) == [("Maria Ferro", ZOE), ("Kid Ferro", OTHER)]
