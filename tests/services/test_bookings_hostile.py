"""Whatever is in a call that is signed: it is taken, refused in words or no news. Never a traceback."""

import hmac
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain.booking_event import EventState
from scheduler.services.bookings.receiving import BookingCall
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    CALENDLY,
    OURS,
    SECRETS,
    Signed,
    calcom_booking,
    calendly_invitee,
    events,
    hooks_of,
    with_sources,
)

HARSH = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False),
    st.text(max_size=30),
    st.sampled_from(["\x00", "\ud800", "x" * 5000, "2026-13-45T99:99", "9999-12-31T23:59:59Z", "../..", "=cmd()"]),
)
JSON = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
OWN = {
    "id": "e1",
    "type": "new",
    "at": REGISTERED.isoformat(),
    "visit": {"id": 7, "day": "2026-03-18", "time": "10:00", "what": "peel"},
    "client": {"names": ["Zoë", "Lachance"], "mobile": "416 555 0123"},
}
GOOD = {
    "calcom": calcom_booking("BOOKING_CREATED", "u1", VISIT, REGISTERED),
    "calendly": calendly_invitee("invitee.created", "A", VISIT, REGISTERED),
    "ours": OWN,
}


def signed(source: str, body: bytes) -> Signed:
    """Sign any bytes as that system would, at the house's time."""
    key, seconds = SECRETS[f"{source.upper()}_KEY"].encode(), str(int(REGISTERED.timestamp()))
    plain = hmac.digest(key, body, "sha256").hex()
    timed = hmac.digest(key, f"{seconds}.".encode() + body, "sha256").hex()
    headers = {
        "calcom": {"x-cal-signature-256": plain},
        "calendly": {"calendly-webhook-signature": f"t={seconds},v1={timed}"},
        "ours": {"X-Signature": f"sha256={timed}", "X-Time": seconds},
    }
    return Signed(source, headers[source], body)


@st.composite
def bent(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a good call of some system with some of its values, at any depth, replaced by anything."""
    source = draw(st.sampled_from(sorted(GOOD)))
    body = json.loads(json.dumps(GOOD[source]))
    for _ in range(draw(st.integers(1, 3))):
        _bend(draw, body)
    return source, json.dumps(body).encode()


def _bend(draw: st.DrawFn, body: Any) -> None:
    while True:
        keys: list[Any] = list(body) if isinstance(body, dict) else list(range(len(body)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if not isinstance(body[key], dict | list) or draw(st.booleans()):
            body[key] = draw(JSON)
            return
        body = body[key]


def heard(house: House, source: str, body: bytes) -> None:
    with_sources(house, CALCOM, CALENDLY, OURS)
    hooks, call = hooks_of(house), signed(source, body)
    taken = hooks.check("north", source, call.headers, call.body)
    assert isinstance(taken, BookingCall), taken
    hooks.keep(taken)
    hooks.work()
    (last, *_) = reversed(events(house))
    assert last.state is not EventState.WAITING
    assert last.state is EventState.DONE or last.reason


@HARSH
@given(call=bent())
def test_a_bent_call_is_taken_or_refused(house: House, call: tuple[str, bytes]) -> None:
    heard(house, *call)


@HARSH
@given(source=st.sampled_from(sorted(GOOD)), body=JSON.map(lambda it: json.dumps(it).encode()) | st.binary())
def test_any_json_and_any_bytes_are_no_news_or_refused(house: House, source: str, body: bytes) -> None:
    heard(house, source, body)


def test_on_postgresql_too(any_house: House) -> None:
    """What SQLite takes and PostgreSQL refuses: a NUL, half a character, numbers beyond all columns."""
    for odd in ("\x00", "\ud800", 10**40, -1, "x" * 300, "9999-12-31T23:59:59Z"):
        for place in ("uid", "startTime", "type"):
            body = json.loads(json.dumps(GOOD["calcom"]))
            body["payload"][place] = odd
            heard(any_house, "calcom", json.dumps(body).encode())
        body = json.loads(json.dumps(GOOD["calcom"]))
        body["payload"]["attendees"][0] |= {"name": odd, "phoneNumber": odd}
        heard(any_house, "calcom", json.dumps(body).encode())
