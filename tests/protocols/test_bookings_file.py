"""What a clinic's file says of its booking systems: read as values, and refused at its place with what to do."""

from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Acuity, Calcom, Calendly, Cliniko, Encoding, EventWords, Generic, Scheme
from scheduler.protocols.reading import Read, read_clinic

HEAD = """
name: North
timezone: America/Toronto
languages: [en]
country: CA
phone: "+14165550100"
emergency_number: "911"
bookings:
"""
GENERIC = """
  - id: ours
    kind: generic
    secret: OURS_KEY
    signature: {scheme: hmac-sha1, header: X-Sig, encoding: base64, timestamp: X-Time, tolerance: 2m}
    events: {path: type, created: [new], moved: [moved], cancelled: [off], no_show: [missed]}
    fields: {external_id: a.id, starts_at: [a.day, a.time], name: b.0.name, phone: b.0.mobile, treatment: a.what}
    event_id: id
    as_of: at
    replaces: a.was
    dates: epoch
"""


def read(tmp_path: Path, blocks: str) -> Read[Clinic]:
    file = tmp_path / "north.yaml"
    file.write_text(HEAD + blocks, encoding="utf-8")
    return read_clinic(file, ["peel"])


def test_each_kind_is_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
  - {id: calcom, kind: calcom, secret: CALCOM_KEY, phone: mobile}
  - {id: calendly, kind: calendly, secret: CALENDLY_KEY}
  - {id: acuity, kind: acuity, secret: ACUITY_KEY, user: ACUITY_USER}
  - {id: cliniko, kind: cliniko, secret: CLINIKO_KEY, contact: desk@north.example, every: 5m}
"""
        + GENERIC,
    )
    assert not found.problems
    assert found.value
    *known, generic = found.value.bookings
    assert known == [
        Calcom("calcom", "CALCOM_KEY", "mobile"),
        Calendly("calendly", "CALENDLY_KEY", None),
        Acuity("acuity", "ACUITY_KEY", "ACUITY_USER"),
        Cliniko("cliniko", "CLINIKO_KEY", "desk@north.example", timedelta(minutes=5), ""),
    ]
    assert isinstance(generic, Generic)
    assert generic.events == EventWords(
        "type", frozenset({"new", "moved"}), frozenset({"off"}), frozenset({"missed"})
    )
    assert generic.fields["starts_at"] == ("a.day", "a.time")
    signature = generic.signature
    assert (signature.scheme, signature.encoding, signature.timestamp) == (
        Scheme.HMAC_SHA1,
        Encoding.BASE64,
        "X-Time",
    )


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("{id: a, kind: cal, secret: A_KEY}", "bookings.a.kind: can't be cal (did you mean calcom?)"),
        ("{id: a, secret: A_KEY}", "bookings.a.kind: is missing"),
        ("{id: a, kind: calcom}", "bookings.a.secret: is missing"),
        ("{id: a, kind: calcom, secret: s3cr3t-itself}", "is not the name of an environment variable"),
        ("{id: a, kind: calcom, secret: TWILIO_AUTH_TOKEN}", "is one of Aftercare's own"),
        ("{id: A b, kind: calcom, secret: A_KEY}", "is not an id: A b (such as a_b)"),
        ("{id: a, kind: acuity, secret: A_KEY}", "bookings.a.user: is missing"),
        ("{id: a, kind: acuity, secret: A_KEY, user: B_KEY, url: http://x.example}", "is not encrypted"),
        ("{id: a, kind: cliniko, secret: A_KEY}", "bookings.a.contact: is missing"),
        ("{id: a, kind: calcom, secret: A_KEY, question: x}", "bookings.a.question: there is no such key here"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, block: str, said: str) -> None:
    found = read(tmp_path, f"  - {block}\n")
    assert found.value is None
    (problem,) = found.problems
    assert said in str(problem)
    assert "s3cr3t" not in str(problem)
    assert problem.line == 9


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("header: X-Sig, ", "", "signature: has no header"),
        ("scheme: hmac-sha1", "scheme: bearer", "does not go with scheme bearer"),
        ("external_id: a.id, ", "", "fields: has no place for external_id"),
        ("phone: b.0.mobile, ", "", "fields: has no place for phone or email"),
        ("a.what", "a..what", "is not a path: a..what"),
        ("cancelled: [off]", "cancelled: [new]", "means created already: new"),
        ("dates: epoch", "dates: '%d'", "lacks the year"),
        ("treatment: a.what", "treatments: a.what", "there is no such field (did you mean treatment?)"),
        ("path: type, ", "", "events.path: is missing"),
    ],
)
def test_what_is_wrong_in_a_system_of_ones_own_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = read(tmp_path, GENERIC.replace(old, new, 1))
    assert found.value is None
    assert said in "\n".join(map(str, found.problems))


def test_two_systems_of_a_clinic_have_two_ids(tmp_path: Path) -> None:
    found = read(tmp_path, "  - &a {id: a, kind: calcom, secret: A_KEY}\n".replace("&a ", "") * 2)
    assert [str(it).partition("error: ")[2] for it in found.problems] == [
        "bookings.a.id: stands twice: a (rename one)"
    ]
