"""No call of a booking system ends what works on them: it is refused, a person is told, the others go on."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from scheduler.domain.booking_event import EventState
from scheduler.services.bookings.duty import BookingDuty
from scheduler.services.bookings.events import try_again
from scheduler.services.bookings.health import heard
from scheduler.services.bookings.news import UnreadableError, parse
from scheduler.store.alerts import open_alerts
from scheduler.store.booking_events import add_booking_event
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    CALENDLY,
    OURS,
    SECRETS,
    calcom_booking,
    calendly_invitee,
    events,
    on,
    with_sources,
)

GOOD = calcom_booking("BOOKING_CREATED", "good", VISIT, REGISTERED)
HALF = "emoji \ud83c"
"""As a program that cuts texts by UTF-16 leaves it; JSON writes it in plain letters."""


def stored(house: House, *calls: tuple[str, object]) -> None:
    """Have these calls wait, as whoever took them in before left them."""
    with house.store.write() as tx:
        for number, (source, body) in enumerate(calls):
            payload = body if isinstance(body, bytes) else json.dumps(body).encode()
            now = house.clock.now()
            add_booking_event(
                tx, unique_id=f"{source}/{number}", clinic="north", source=source, payload=payload, now=now
            )


def look(house: House) -> bool:
    return BookingDuty(house.store, house.clock, SECRETS.get).look(house.configuration)


def test_half_a_character_in_a_call_is_refused_wherever_it_stands_and_stops_no_other(any_house: House) -> None:
    house = with_sources(any_house, CALCOM, CALENDLY, OURS)
    payload = GOOD["payload"]
    odd = [
        ("calcom", {"triggerEvent": "X\ud83c", "createdAt": "2026-11-22T09:00:00Z", "payload": {}}),
        ("calcom", {**GOOD, "payload": {**payload, "additionalNotes": HALF}}),
        ("calcom", {**GOOD, "payload": {**payload, HALF: 1}}),
        ("calcom", {**GOOD, "payload": {**payload, "attendees": [[{"\udfff": []}]]}}),
        ("calcom", {**GOOD, "payload": {**payload, "uid": HALF}}),
        ("calendly", {**calendly_invitee("invitee.created", "A", VISIT, REGISTERED), "event": HALF}),
        ("ours", {"type": HALF, "id": "e"}),
        ("ours", b'{"type": "\xed\xa0\x80"}'),
    ]
    stored(house, *odd, ("calcom", GOOD))
    assert look(house)
    assert on(house) == [("good", VISIT)]
    *refused, taken = events(house)
    assert {it.state for it in refused} == {EventState.REFUSED}
    assert {it.why[0].code for it in refused} == {"half_character"}
    assert taken.state is EventState.DONE
    with house.store.read() as tx:
        assert len(open_alerts(tx)) == 3
    (again,) = try_again(house.store, house.configuration, house.clock, [refused[0].id], secret_of=SECRETS.get)
    assert again.state is EventState.REFUSED


@pytest.mark.parametrize("body", [b'"\\ud83c"', b'{"\\udc00": 1}', b'[[{"a": ["x\\ud800y"]}]]', b'"\xed\xa0\x80"'])
def test_json_with_half_a_character_is_not_read(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="half of a character"):
        parse(body)
    assert parse('"\\ud83d\\ude00 😀 \\\\ud83c"'.encode()) == "😀 😀 \\ud83c"


def test_a_fault_of_the_program_is_contained_to_its_call_logged_and_told(any_house: House) -> None:
    broken = replace(OURS, fields={**OURS.fields, "no_such_field": ("client.mobile",)})
    house = with_sources(any_house, CALCOM, broken)
    call = {"id": "e1", "type": "new", "client": {"mobile": "416 555 0123"}, "visit": {"id": 7}}
    stored(house, ("ours", call), ("calcom", GOOD))
    with capture_logs() as lines:
        assert look(house)
    failed, taken = events(house)
    assert (failed.state, taken.state) == (EventState.REFUSED, EventState.DONE)
    assert [it.code for it in failed.why] == ["fault"]
    assert "a fault of the program" in failed.reason
    (line,) = [it for it in lines if it["event"] == "booking.failed"]
    assert (line["error"], line["event_id"], line["log_level"]) == ("ValueError", failed.id, "error")
    assert any("read_generic" in place for place in line["where"])
    assert "416" not in str(line)
    with house.store.read() as tx:
        (alert,) = open_alerts(tx)
    assert alert.subject == "bookings/north/ours"
    found = heard(house.store, house.settings, house.configuration, now=house.clock.now())
    assert [it.health.value for it in found if "ours" in it.message] == ["warning"]

    with_sources(house, CALCOM, OURS)
    call = {**call, "visit": {"id": 7, "day": "2026-03-18", "time": "10:00", "what": "peel"}}
    (again,) = try_again(house.store, house.configuration, house.clock, [failed.id], secret_of=SECRETS.get)
    assert [it.code for it in again.why] != ["fault"], "mended, it is worked on again"


def test_the_doctor_says_which_calls_nobody_works_on(house: House) -> None:
    with_sources(house, CALCOM)
    stored(house, ("calcom", GOOD))

    def said() -> list[tuple[str, str]]:
        found = heard(house.store, house.settings, house.configuration, now=house.clock.now())
        return [(it.health.value, it.message.partition("; ")[2]) for it in found]

    assert said() == [("well", "")]
    house.clock.move_to(REGISTERED + timedelta(minutes=20))
    assert said() == [("warning", "nobody has worked on 1 of its calls since 2026-03-10 15:00 UTC")]
    look(house)
    assert said() == [("well", "")]
