"""What each booking system documents is read as it is meant: registered, moved, called off, or refused in words."""

import hmac
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from scheduler.domain.sources import EventWords
from scheduler.store.alerts import open_alerts
from scheduler.store.patients import get_patient
from tests.services.house import CHECK, PHONE, REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    CALENDLY,
    OURS,
    SECRETS,
    Signed,
    calcom,
    calcom_booking,
    calendly,
    calendly_invitee,
    events,
    on,
    ours,
    outcomes,
    tell,
    visits,
    with_sources,
)

UID, NEXT = "bFJeNb2uX8ANpT3JL5EfXw", "cp96d6UZfisqb5MqJSTMbj"
LATER = VISIT + timedelta(days=1)


def minutes(number: int) -> datetime:
    return REGISTERED + timedelta(minutes=number)


def test_the_documented_booking_of_calcom_is_registered_moved_and_called_off(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, minutes(0))))
    assert on(house) == [(UID, VISIT)]
    (registered,) = visits(house)
    assert (registered.treatment, registered.ends_at) == ("peel", VISIT + timedelta(hours=1))

    tell(house, calcom(calcom_booking("BOOKING_RESCHEDULED", NEXT, LATER, minutes(1), rescheduleUid=UID)))
    assert on(house) == [(NEXT, LATER)]
    assert [it.id for it in visits(house)] == [registered.id]

    tell(house, calcom(calcom_booking("BOOKING_CANCELLED", NEXT, LATER, minutes(2), cancellationReason="ill")))
    assert on(house) == []
    assert house.dispatch(CHECK + timedelta(days=1)) == {}
    assert outcomes(house) == ["registered", "moved", "called_off"]


def test_the_documented_invitee_of_calendly_is_registered_moved_and_called_off(house: House) -> None:
    with_sources(house, CALENDLY)
    at = house.clock.now()
    tell(house, calendly(calendly_invitee("invitee.created", "FIRST", VISIT, minutes(0)), at))
    assert on(house) == [("FIRST", VISIT)]
    tell(
        house,
        calendly(calendly_invitee("invitee.canceled", "FIRST", VISIT, minutes(1), new_invitee="SECOND"), at),
        calendly(calendly_invitee("invitee.created", "SECOND", LATER, minutes(1), old_invitee="FIRST"), at),
    )
    assert on(house) == [("SECOND", LATER)]
    assert len(visits(house)) == 1
    tell(house, calendly(calendly_invitee("invitee.canceled", "SECOND", LATER, minutes(2)), at))
    assert on(house) == []


def test_a_system_of_ones_own_is_read_by_the_clinics_file(house: House) -> None:
    with_sources(house, OURS)
    at = house.clock.now()
    client = {"names": ["Zoë", "Lachance"], "mobile": "416 555 0123"}
    visit = {"id": 7, "day": "2026-03-18", "time": "10:00", "what": "first  VISIT"}
    call = {"id": "e1", "type": "new", "at": minutes(0).isoformat(), "visit": visit, "client": client}
    tell(house, ours(call, at))
    assert on(house) == [("7", VISIT)]
    assert house.message(1, "first_hours").status == "scheduled"

    moved = {**visit, "id": 8, "was": 7, "time": "11:00"}
    tell(house, ours({**call, "id": "e2", "type": "moved", "at": minutes(1).isoformat(), "visit": moved}, at))
    assert on(house) == [("8", VISIT + timedelta(hours=1))]
    tell(house, ours({**call, "id": "e3", "type": "off", "at": minutes(2).isoformat(), "visit": {"id": 8}}, at))
    tell(house, ours({**call, "id": "e4", "type": "sold"}, at))
    assert on(house) == []
    assert outcomes(house) == ["registered", "moved", "called_off", "ignored"]


def test_instants_of_ones_own_system_are_read_as_the_file_says(house: House) -> None:
    forms = {
        "epoch": str(int(VISIT.timestamp())),
        "epoch_ms": int(VISIT.timestamp()) * 1000,
        "%d.%m.%Y %H.%M": "18.03.2026 10.00",
    }
    for index, (dates, text) in enumerate(forms.items()):
        with_sources(house, replace(OURS, fields={**OURS.fields, "starts_at": ("when",)}, as_of="", dates=dates))
        visit = {"id": f"v{index}", "what": "peel"}
        client = {"names": [f"Zoë {index}"], "mobile": "416 555 0123"}
        call = {"id": index, "type": "new", "when": text, "visit": visit, "client": client}
        tell(house, ours(call, house.clock.now()))
    assert [starts_at for _, starts_at in on(house)] == [VISIT] * 3
    tell(house, ours({**call, "id": "odd", "when": "soon"}, house.clock.now()))
    assert "an instant is not a date and time such as" in events(house)[-1].reason


def test_the_phone_is_where_the_file_says(house: House) -> None:
    phone = {"label": "Mobile", "value": "+1 416-555-0123"}
    said = calcom_booking("BOOKING_CREATED", UID, VISIT, minutes(0))
    payload = said["payload"]
    ways = [
        (CALCOM, {"attendees": [{**payload["attendees"][0], "phoneNumber": "+14165550123"}]}),
        (CALCOM, {"responses": {"attendeePhoneNumber": phone}, "attendees": payload["attendees"]}),
        (CALCOM, {"smsReminderNumber": "+14165550123"}),
        (replace(CALCOM, phone="mobile"), {"responses": {"mobile": phone}, "smsReminderNumber": "+14165559999"}),
    ]
    for index, (source, more) in enumerate(ways):
        with_sources(house, source)
        starts_at = VISIT + timedelta(days=index)
        tell(house, calcom(calcom_booking("BOOKING_CREATED", f"u{index}", starts_at, minutes(0), **more)))
    with_sources(house, replace(CALENDLY, phone="your  MOBILE number"))
    tell(house, calendly(calendly_invitee("invitee.created", "A", LATER, minutes(0)), house.clock.now()))
    assert outcomes(house) == ["registered"] * 5
    with house.store.read() as tx:
        assert {get_patient(tx, it.patient_id).phone for it in visits(house)} == {PHONE}


def test_who_booked_with_a_number_alone_gets_no_made_up_mailbox(house: House) -> None:
    with_sources(house, CALCOM)
    attendee = {"name": "John Doe", "email": "14165550123@sms.cal.com", "phoneNumber": "+14165550123"}
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, minutes(0), attendees=[attendee])))
    with house.store.read() as tx:
        patient = get_patient(tx, 1)
    assert (patient.phone, patient.email) == (PHONE, None)


def test_the_language_of_the_booking_page_is_taken_where_it_is_one(house: House) -> None:
    with_sources(house, CALCOM)
    for index, (locale, language) in enumerate({"fr": "fr", "fr-CA": "fr-CA", "zz_ZZ_1": None, "": None}.items()):
        person = {"name": f"Ann {index}", "email": f"a{index}@patients.example", "language": {"locale": locale}}
        tell(house, calcom(calcom_booking("BOOKING_CREATED", f"u{index}", VISIT, minutes(0), attendees=[person])))
        with house.store.read() as tx:
            assert get_patient(tx, index + 1).language == language


@pytest.mark.parametrize("event", ["BOOKING_REQUESTED", "MEETING_ENDED", "PING", "BOOKING_PAID", ""])
def test_what_is_no_news_of_a_booking_changes_nothing(house: House, event: str) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking(event, UID, VISIT, minutes(0))))
    assert (visits(house), outcomes(house)) == ([], ["ignored"])


def test_a_move_that_waits_for_a_yes_takes_the_old_time_off_at_once(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, minutes(0))))
    tell(house, calcom(calcom_booking("BOOKING_REQUESTED", NEXT, LATER, minutes(1), rescheduleUid=UID)))
    assert on(house) == []
    tell(house, calcom(calcom_booking("BOOKING_CREATED", NEXT, LATER, minutes(2))))
    assert on(house) == [(NEXT, LATER)]
    assert len(visits(house)) == 1


def test_who_did_not_come_is_noted(house: House) -> None:
    with_sources(house, CALCOM, CALENDLY)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, minutes(0))))
    people = [{"email": "john.doe@example.com", "noShow": True}]
    missed = {"message": "x", "bookingUid": UID, "bookingId": 91, "attendees": people}
    at = minutes(1).isoformat()
    tell(house, calcom({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": at, "payload": missed}))
    tell(house, calendly(calendly_invitee("invitee.created", "A", LATER, minutes(0)), house.clock.now()))
    invitee = calendly_invitee("invitee_no_show.created", "A", LATER, minutes(1))["payload"]["uri"]
    no_show = {"uri": "https://api.calendly.com/invitee_no_shows/B", "invitee": invitee, "created_at": at}
    tell(
        house,
        calendly({"event": "invitee_no_show.created", "created_at": at, "payload": no_show}, house.clock.now()),
    )
    assert [it.status.value for it in visits(house)] == ["no_show", "no_show"]

    at = minutes(2).isoformat()
    came = {**missed, "attendees": [{"email": "john.doe@example.com", "noShow": False}]}
    for _ in range(2):
        tell(house, calcom({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": at, "payload": came}))
        gone = {"event": "invitee_no_show.deleted", "created_at": at, "payload": no_show}
        tell(house, calendly(gone, house.clock.now()))
    assert on(house) == [(UID, VISIT), ("A", LATER)], "what was a mistake sends nothing for good"
    assert house.message(1, "first_hours").status == "scheduled"
    off = calcom_booking("BOOKING_CANCELLED", UID, VISIT, minutes(3))
    tell(house, calcom(off), calcom({**off, "triggerEvent": "BOOKING_NO_SHOW_UPDATED", "payload": came}))
    assert on(house) == [("A", LATER)], "what was called off is not on because nobody missed it"


def test_what_can_not_be_taken_is_refused_in_words_and_raises_one_alert(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    unreachable = [{"email": "", "name": "John Doe"}]
    bad = [
        (calcom_booking("BOOKING_CREATED", "a", VISIT, minutes(0), type="haircut", eventTitle="Haircut",
                        title="Haircut"), "treatment: “haircut” is not known"),
        (calcom_booking("BOOKING_CREATED", "b", VISIT, minutes(0), attendees=unreachable), "phone, email: both are"),
        (calcom_booking("BOOKING_CREATED", "", VISIT, minutes(0)), "it has no uid"),
        (calcom_booking("BOOKING_CREATED", "x" * 101, VISIT, minutes(0)), "uid is no id"),
        ({"triggerEvent": "BOOKING_CREATED", "createdAt": "soon", "payload": None}, "it has no uid"),
    ]  # fmt: skip
    with capture_logs() as lines:
        tell(house, *(calcom(body) for body, _ in bad))
    for event, (_, reason) in zip(events(house), bad, strict=True):
        assert event.state.value == "refused"
        assert reason in event.reason
    with house.store.read() as tx:
        (alert,) = open_alerts(tx)
    assert (alert.kind.value, alert.clinic, alert.subject) == ("intake", "north", "bookings/north/calcom")
    assert visits(house) == []
    assert "John" not in str(lines)
    assert "john" not in repr(events(house))


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b'"x"', b"\xff", b"[" * 100_000, b"type=60min&a=b"])
def test_a_body_that_is_no_booking_is_refused_or_no_news_and_stops_nothing(house: House, body: bytes) -> None:
    with_sources(house, CALCOM)
    signature = hmac.digest(SECRETS["CALCOM_KEY"].encode(), body, "sha256").hex()
    tell(house, Signed("calcom", {"x-cal-signature-256": signature}, body))
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, minutes(0))))
    assert outcomes(house)[1:] == ["registered"]
    assert outcomes(house)[0] in ("refused", "ignored")


def test_a_doubled_call_is_stored_once_and_harmless(any_house: House) -> None:
    house = with_sources(any_house, CALCOM, CALENDLY)
    call = calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, minutes(0)))
    body = calendly_invitee("invitee.created", "A", LATER, minutes(0))
    tell(
        house, call, call, calendly(body, house.clock.now()), calendly(body, house.clock.now() + timedelta(minutes=1))
    )
    assert outcomes(house) == ["registered", "registered"]
    assert len(on(house)) == 2


def test_what_staff_called_off_here_stays_off_until_the_source_moves_it(house: House) -> None:
    with_sources(house, OURS)
    at = house.clock.now()
    client = {"names": ["Zoë", "Lachance"], "mobile": "416 555 0123"}
    visit = {"id": 7, "day": "2026-03-18", "time": "10:00", "what": "peel"}

    def call(number: int, **more: str) -> Signed:
        return ours(
            {"id": f"e{number}", "type": "moved", "at": minutes(number).isoformat(), "visit": {**visit, **more},
             "client": client}, at,
        )  # fmt: skip

    tell(house, call(0))
    house.enter(house.registration(external_id="7", status="cancelled"), follow=True)
    tell(house, call(1))
    assert on(house) == []
    tell(house, call(2, time="12:00"))
    assert on(house) == [("7", VISIT + timedelta(hours=2))]


def test_two_systems_never_move_each_others_bookings(house: House) -> None:
    with_sources(house, CALCOM, OURS)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "7", VISIT, minutes(0))))
    off = {"id": "e1", "type": "off", "at": minutes(1).isoformat(), "visit": {"id": 7}}
    tell(house, ours(off, house.clock.now()))
    assert on(house) == [("7", VISIT)]
    assert "two booking systems can't share ids" in events(house)[-1].reason


def test_a_call_without_an_event_word_is_read_by_its_status(house: House) -> None:
    plain = replace(
        OURS, events=EventWords("", frozenset(), frozenset(), frozenset()), as_of="", event_id="", replaces="",
        fields={**OURS.fields, "status": ("visit.state",)},
    )  # fmt: skip
    with_sources(house, plain)
    visit = {"id": 7, "day": "2026-03-18", "time": "10:00", "what": "peel", "state": "Confirmed"}
    call = {"visit": visit, "client": {"names": ["Zoë"], "mobile": "416 555 0123"}}
    tell(house, ours(call, house.clock.now()))
    house.clock.move_to(minutes(1))
    tell(house, ours({**call, "visit": {**visit, "state": "Called off"}}, house.clock.now()))
    assert on(house) == []
    house.clock.move_to(minutes(2))
    tell(house, ours(call, house.clock.now()))
    assert on(house) == [("7", VISIT)]
    assert json.loads(events(house)[0].payload or b"")["visit"]["id"] == 7
