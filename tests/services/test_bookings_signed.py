"""Whose call it is: each system's signature as it documents it; forged, altered and stale ones are refused."""

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scheduler.channels.bookings.signatures import signature_fault
from scheduler.domain.sources import Encoding, Scheme, Signature
from scheduler.services.bookings.receiving import Refused
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    CALENDLY,
    OURS,
    SECRETS,
    acuity,
    acuity_at,
    calcom,
    calcom_booking,
    calendly,
    calendly_invitee,
    hooks_of,
    ours,
    refusal,
    with_sources,
)

UID = "bFJeNb2uX8ANpT3JL5EfXw"


def test_forged_and_stale_calls_are_refused(house: House) -> None:
    with_sources(house, CALCOM, CALENDLY, OURS, acuity_at("http://127.0.0.1:9"))
    now = house.clock.now()
    body = calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED)
    invitee = calendly_invitee("invitee.created", "A", VISIT, REGISTERED)
    good = calendly(invitee, now)
    forged = [
        calcom(body, "another secret"),
        replace(calcom(body), body=b"{}"),
        replace(calcom(body), headers={}),
        replace(calcom(body), headers={"x-cal-signature-256": "no-secret-provided"}),
        replace(calcom(body), headers={"x-cal-signature-256": "ü"}),
        calendly(invitee, now, "another key"),
        calendly(invitee, now - timedelta(minutes=4)),
        calendly(invitee, now + timedelta(minutes=4)),
        replace(good, headers={"calendly-webhook-signature": good.headers["calendly-webhook-signature"][:-1]}),
        replace(good, headers={"calendly-webhook-signature": "t=,v1="}),
        replace(good, headers={"calendly-webhook-signature": "v1=abc"}),
        acuity("action=scheduled&id=1", "another key"),
        replace(acuity("action=scheduled&id=1"), body=b"action=scheduled&id=2"),
        ours({}, now, "another"),
        ours({}, now - timedelta(minutes=6)),
        replace(ours({}, now), headers={"X-Signature": ours({}, now).headers["X-Signature"]}),
    ]
    for call in forged:
        assert refusal(house, call) is Refused.FORGED, call.headers
    assert refusal(house, good) is None
    assert refusal(house, replace(calcom(body), source="elsewhere")) is Refused.UNKNOWN
    assert hooks_of(house).check("south", "calcom", {}, b"") is Refused.UNKNOWN
    assert replace(hooks_of(house), secret_of=lambda _: None).check("north", "calcom", {}, b"") is Refused.NOT_SET_UP


def test_every_way_of_signing_is_checked() -> None:
    now, body = datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}'
    standard = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,xxx v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    key = base64.b64encode(hmac.digest(b"k", body, "sha1")).decode()
    ways = [
        (Signature(Scheme.STANDARD_WEBHOOKS, "webhook-signature"), SECRETS["STANDARD_KEY"], standard),
        (Signature(Scheme.BEARER, "Authorization"), "tok", {"Authorization": "Bearer tok"}),
        (Signature(Scheme.HMAC_SHA1, "X-Sig", Encoding.BASE64), "k", {"X-Sig": key}),
    ]
    for signature, secret, headers in ways:
        source = replace(OURS, signature=signature)
        assert signature_fault(source, headers, body, secret, now=now) is None, signature
        assert signature_fault(source, headers, body, "x" + secret, now=now), signature
        assert signature_fault(source, {}, body, secret, now=now), signature
    source, late = replace(OURS, signature=ways[0][0]), now + timedelta(minutes=6)
    assert signature_fault(source, standard, body, SECRETS["STANDARD_KEY"], now=late)
