"""The address that booking systems call: who is heard, what is answered, and what a body may be."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from structlog.testing import capture_logs

from scheduler.web.app import create_app
from scheduler.web.bookings import MOST_BYTES, booking_hooks
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    Signed,
    calcom,
    calcom_booking,
    cliniko_at,
    events,
    hooks_of,
    on,
    outcomes,
    with_sources,
)
from tests.services.telling import SECRETS as KEYS

UID = "bFJeNb2uX8ANpT3JL5EfXw"
BODY = calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED)


@pytest.fixture
def told(any_house: House) -> House:
    return with_sources(any_house, CALCOM, cliniko_at(""))


def post(
    house: House, *calls: Signed, to: str = "/webhooks/bookings/north/calcom", more: Mapping[str, str] | None = None
) -> list[httpx.Response]:
    """Post all at once; return the answers. `woken` of the house counts the wakes of the engine."""
    app = create_app(well=lambda: True, pages=[booking_hooks(hooks_of(house), lambda: None)])

    async def call() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aftercare") as client:
            sent = [client.post(to, content=it.body, headers={**it.headers, **(more or {})}) for it in calls]
            return list(await asyncio.gather(*sent))

    return asyncio.run(call())


def codes(answers: list[httpx.Response]) -> list[int]:
    return [it.status_code for it in answers]


def test_a_booking_is_stored_answered_and_registered(told: House) -> None:
    (answer,) = post(told, calcom(BODY))
    assert (answer.status_code, answer.content) == (204, b"")
    assert on(told) == [(UID, VISIT)]


def test_the_same_call_many_times_at_once_is_one_visit(told: House) -> None:
    assert codes(post(told, *[calcom(BODY)] * 6)) == [204] * 6
    assert on(told) == [(UID, VISIT)]
    assert outcomes(told) == ["registered"]


def test_different_calls_at_once_are_all_taken(told: House) -> None:
    people = [
        calcom_booking(
            "BOOKING_CREATED", f"u{number}", VISIT, REGISTERED,
            attendees=[{"name": f"Ann {number}", "email": f"ann{number}@patients.example"}],
        )
        for number in range(8)
    ]  # fmt: skip
    assert codes(post(told, *(calcom(body) for body in people))) == [204] * 8
    assert sorted(it or "" for it, _ in on(told)) == [f"u{number}" for number in range(8)]


def test_who_is_unknown_learns_nothing_and_who_forges_is_refused(told: House) -> None:
    call, forged = calcom(BODY), calcom(BODY, "another secret")
    with capture_logs() as lines:
        for place in ("nowhere/calcom", "north/nothing", "north/cliniko", "south/calcom", "%2e%2e/calcom"):
            (answer,) = post(told, call, to=f"/webhooks/bookings/{place}")
            assert (answer.status_code, answer.text) in [(404, "Not Found"), (404, '{"detail":"Not Found"}')]
        (answer,) = post(told, forged)
    assert answer.status_code == 401
    assert events(told) == ()
    said = str(lines)
    assert not any(secret in said for secret in KEYS.values())
    assert "john" not in said.lower()


def test_bodies_that_are_too_long_or_of_another_kind(told: House) -> None:
    long = Signed("calcom", {}, b"a" * 2_000_000)
    assert codes(post(told, long)) == [413]
    assert events(told) == ()
    # What is signed is taken whatever it calls itself: the signature says whose it is, the body what it is.
    assert codes(post(told, calcom(BODY), more={"Content-Type": "text/plain"})) == [204]
    padded = calcom({**BODY, "pad": "x" * (MOST_BYTES - 5_000)})
    assert codes(post(told, padded)) == [204]
    assert on(told) == [(UID, VISIT)]


def test_without_its_secret_the_address_says_so(told: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KEYS, "CALCOM_KEY")
    (answer,) = post(told, calcom(BODY, "a secret of Cal.com"))
    assert answer.status_code == 503
    assert "CALCOM_KEY" not in answer.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_nothing_but_a_post_is_heard(house: House, method: str) -> None:
    with_sources(house, CALCOM)
    app = create_app(well=lambda: True, pages=[booking_hooks(hooks_of(house), lambda: None)])

    async def call() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aftercare") as client:
            return (await client.request(method, "/webhooks/bookings/north/calcom")).status_code

    assert asyncio.run(call()) == 405
