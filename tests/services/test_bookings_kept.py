"""What is kept of booking systems: until it is done, sealed, as long as it is needed, and nothing of the erased."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.domain.booking_event import EventState
from scheduler.errors import ConflictError, NotFoundError, SettingsError, StoreError
from scheduler.services.bookings.duty import BookingDuty
from scheduler.services.bookings.events import try_again
from scheduler.services.bookings.health import heard, unset_secrets
from scheduler.services.bookings.receiving import BookingCall, BookingHooks, Refused
from scheduler.services.bookings.sources import refuse_unset
from scheduler.services.erasing import erase
from scheduler.services.retention import KEPT_FOR, Retention
from scheduler.settings import Delivery
from scheduler.store.booking_events import add_booking_event, get_booking_event
from scheduler.store.rekey import rekey_all
from scheduler.store.source_tables import booking_events, bookings
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    SECRETS,
    acuity_at,
    calcom,
    calcom_booking,
    cliniko_at,
    events,
    hooks_of,
    on,
    outcomes,
    tell,
    visits,
    with_sources,
)

UID = "bFJeNb2uX8ANpT3JL5EfXw"


def stored(house: House, *uids: str) -> None:
    """Store calls that nobody works on: whoever took them in died."""
    hooks = hooks_of(house)
    for uid in uids:
        said = calcom(calcom_booking("BOOKING_CREATED", uid, VISIT, REGISTERED))
        call = hooks.check("north", "calcom", said.headers, said.body)
        assert isinstance(call, BookingCall)
        hooks.keep(call)


def duty(house: House) -> BookingDuty:
    return BookingDuty(house.store, house.clock, SECRETS.get)


def test_what_was_stored_and_not_worked_on_is_done_by_the_engine(house: House) -> None:
    with_sources(house, CALCOM)
    stored(house, UID)
    assert on(house) == []
    assert duty(house).look(house.configuration)
    assert on(house) == [(UID, VISIT)]
    assert not duty(house).look(house.configuration)


def test_several_who_work_at_once_register_it_once(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    stored(house, UID)
    threads = [threading.Thread(target=duty(house).look, args=(house.configuration,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert on(house) == [(UID, VISIT)]
    assert outcomes(house) == ["registered"]
    with house.store.read() as tx:
        assert get_booking_event(tx, 1).tries == 1


def test_the_same_call_twice_at_once_is_one_event(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    threads = [threading.Thread(target=stored, args=(house, UID)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events(house)) == 1


def test_a_refused_call_is_taken_once_the_file_was_mended(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    names = {"type": "haircut", "eventTitle": "Hair", "title": "Hair"}
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED, **names)))
    assert outcomes(house) == ["refused"]

    def again() -> EventState:
        (event,) = try_again(house.store, house.configuration, house.clock, [1, 1], secret_of=SECRETS.get)
        return event.state

    assert again() is EventState.REFUSED
    north = house.configuration.clinics["north"]
    mended = replace(north, imports=replace(north.imports, treatments={"Haircut": "peel"}))
    house.configuration = replace(house.configuration, clinics={**house.configuration.clinics, "north": mended})
    assert again() is EventState.DONE
    assert on(house) == [(UID, VISIT)]
    with pytest.raises(ConflictError, match="is done: there is nothing to try again"):
        again()
    with pytest.raises(NotFoundError):
        try_again(house.store, house.configuration, house.clock, [99])


def test_one_that_can_not_be_opened_or_has_no_source_any_more_stops_no_other(house: House) -> None:
    with_sources(house, CALCOM)
    stored(house, "a")
    with house.store.write() as tx:
        tx.connection.execute(sa.update(booking_events).values(payload_sealed=b"nonsense"))
        add_booking_event(tx, unique_id="gone", clinic="north", source="gone", payload=b"{}", now=house.clock.now())
    stored(house, UID)
    assert duty(house).look(house.configuration)
    assert on(house) == [(UID, VISIT)]
    reasons = [it.reason for it in events(house)]
    assert reasons[:2] == [
        "it can't be opened with the keys at hand",
        "the clinic's file has no such booking system any more",
    ]


def test_calls_are_kept_for_a_month_and_sealed(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED)))
    raw = Path(house.store.where).read_bytes() + Path(f"{house.store.where}-wal").read_bytes()
    assert b"john.doe" not in raw
    assert b"John Doe" not in raw
    kept_for = KEPT_FOR["booking_events"]
    Retention().look(house.store, audit_years=None, now=REGISTERED + kept_for - timedelta(minutes=1))
    assert len(events(house)) == 1
    Retention().look(house.store, audit_years=None, now=REGISTERED + kept_for + timedelta(minutes=1))
    assert events(house) == ()


def test_rekeying_reaches_them(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "", VISIT, REGISTERED)))
    sealed = {column.info["of"] for column in booking_events.columns if "of" in column.info}
    assert sealed == {"booking_events.payload", "booking_events.reason", "booking_events.why"}
    assert rekey_all(house.store) == 0


def test_an_erasure_takes_the_calls_about_the_patient_and_no_others(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    other = [{"name": "Ann Other", "email": "ann@example.org", "language": {"locale": "en"}}]
    told = [
        calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED),
        calcom_booking("BOOKING_RESCHEDULED", "next", VISIT, REGISTERED + timedelta(minutes=1), rescheduleUid=UID),
        calcom_booking("BOOKING_CREATED", "other", VISIT, REGISTERED, attendees=other, responses={}, title="60min"),
        calcom_booking("BOOKING_CREATED", "", VISIT, REGISTERED),
        {**calcom_booking("BOOKING_CANCELLED", "next", VISIT, REGISTERED), "payload": {"uid": "next"}},
    ]
    tell(house, *(calcom(body) for body in told))
    patient = visits(house)[0].patient_id
    erase(house.store, house.settings.outbox_dir, patient, now=house.clock.now(), by="anna")
    kept = [event.payload for event in events(house)]
    assert [bool(it) for it in kept] == [False, False, True, False, False]
    assert json.loads(kept[2] or b"")["payload"]["uid"] == "other"
    assert {it.booking for it in events(house)} == {None, "other"}
    with house.store.read() as tx:
        assert list(tx.connection.execute(sa.select(bookings.c.booking)).scalars()) == ["other"]
    tell(house, calcom(told[0]))
    assert len(on(house)) == 1 + 1, "what came before is known, so that a doubled call registers nobody anew"


def test_secrets_that_are_missing_are_said_and_refused_in_live(house: House) -> None:
    with_sources(house, CALCOM, acuity_at("https://acuityscheduling.com/api/v1"), cliniko_at(""))
    live = replace(house.settings, delivery=Delivery.LIVE)
    have = {"CALCOM_KEY": "x", "ACUITY_KEY": "y", "CLINIKO_KEY": "z"}
    refuse_unset(house.settings, house.configuration, have.get)
    with pytest.raises(SettingsError, match=r"ACUITY_USER is not set, and bookings\.acuity of clinic north names it"):
        refuse_unset(live, house.configuration, have.get)
    found = list(unset_secrets(live, house.configuration, have.get))
    assert [(it.part, it.health.value) for it in found] == [("bookings", "wrong")]
    refuse_unset(live, house.configuration, SECRETS.get)


def test_the_doctor_says_when_each_was_heard_of_and_what_was_refused(house: House) -> None:
    with_sources(house, CALCOM, cliniko_at(""))

    def said() -> list[str]:
        found = heard(house.store, house.settings, house.configuration, now=house.clock.now())
        return [f"{it.health.value}: {it.message}" for it in found]

    base = house.settings.public_url
    assert said() == [
        f"well: calcom of north: never heard of yet, at {base}/webhooks/bookings/north/calcom",
        "well: cliniko of north: never asked yet",
    ]
    hooks = hooks_of(house)
    for secret in ("the old one", "and again"):
        forged = calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED), secret)
        assert hooks.check("north", "calcom", forged.headers, forged.body) is Refused.FORGED
    assert said()[0].endswith("; a call was refused at 2026-03-10 15:00 UTC: its signature is wrong")
    house.clock.move_to(REGISTERED + timedelta(seconds=1))
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "", VISIT, REGISTERED)))
    assert said()[0].startswith("warning: calcom of north: heard of at 2026-03-10 15:00 UTC")
    assert said()[0].endswith("refused: 1")


def test_a_secret_may_stand_in_a_file(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_sources(house, CALCOM)
    said = calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED))
    file = tmp_path / "secret"
    file.write_text(f"{SECRETS['CALCOM_KEY']}\n", encoding="utf-8")
    monkeypatch.setenv("CALCOM_KEY_FILE", str(file))
    hooks = BookingHooks(house.store, house.configuration, house.clock)
    assert isinstance(hooks.check("north", "calcom", said.headers, said.body), BookingCall)


def test_an_erasure_and_calls_about_the_patient_never_wait_for_each_other_in_a_circle(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED)))
    patient = visits(house)[0].patient_id
    moves = [
        calcom_booking("BOOKING_RESCHEDULED", f"u{number}", VISIT + timedelta(days=number),
                       REGISTERED + timedelta(minutes=number), rescheduleUid=f"u{number - 1}" if number > 1 else UID)
        for number in range(1, 9)
    ]  # fmt: skip
    failed: list[BaseException] = []

    def move() -> None:
        try:
            tell(house, *(calcom(body) for body in moves))
        except StoreError as error:
            failed.append(error)

    mover = threading.Thread(target=move)
    mover.start()
    erase(house.store, house.settings.outbox_dir, patient, now=house.clock.now(), by="anna")
    mover.join()
    assert failed == []
    assert all(event.state is not EventState.WAITING for event in events(house))


def test_a_move_that_is_refused_sends_nothing_for_the_old_time_and_is_made_once_it_can_be(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    unreachable = [{"name": "John Doe", "email": "nobody"}]
    later, minute = VISIT + timedelta(days=1), timedelta(minutes=1)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED)))
    same = {"type": "haircut", "eventTitle": "", "title": "", "eventTypeId": None}
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED + minute, **same)))
    assert on(house) == [(UID, VISIT)], "a treatment with another name, at the same time, moves nobody"

    move = calcom_booking("BOOKING_RESCHEDULED", "next", later, REGISTERED + 3 * minute, rescheduleUid=UID)
    moved = {**move, "payload": {**move["payload"], "attendees": unreachable}}
    tell(house, calcom(moved))
    assert on(house) == []
    refused = events(house)[-1]
    assert (refused.state, refused.appointment) == (EventState.REFUSED, visits(house)[0].id)
    assert refused.reason.endswith("Until it is taken, appointment 1 is called off here")
    older = calcom_booking("BOOKING_CREATED", "next", VISIT, REGISTERED + 2 * minute)
    tell(house, calcom(older))
    assert on(house) == [], "an older word of the new id is not the way back"

    with house.store.write() as tx:
        tx.connection.execute(
            sa.update(booking_events)
            .where(booking_events.c.id == refused.id)
            .values(payload_sealed=tx.vault.seal_bytes(json.dumps(move).encode(), of="booking_events.payload"))
        )
    try_again(house.store, house.configuration, house.clock, [refused.id], secret_of=SECRETS.get)
    assert on(house) == [("next", later)]
    assert len(visits(house)) == 1


def test_a_booking_system_under_another_name_goes_on_with_its_bookings(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED)))
    with_sources(house, replace(CALCOM, id="front_desk"))
    off = calcom(calcom_booking("BOOKING_CANCELLED", UID, VISIT, REGISTERED + timedelta(minutes=1)))
    tell(house, replace(off, source="front_desk"))
    assert on(house) == []


def test_seats_of_one_booking_are_refused_since_one_who_cancels_would_cancel_for_all(house: House) -> None:
    with_sources(house, CALCOM)
    for event in ("BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED", "BOOKING_REQUESTED"):
        tell(house, calcom(calcom_booking(event, UID, VISIT, REGISTERED, seatsPerTimeSlot=4)))
    assert outcomes(house) == ["refused"] * 4
    assert "seats" in events(house)[0].reason
    tell(house, calcom(calcom_booking("BOOKING_CREATED", UID, VISIT, REGISTERED, seatsPerTimeSlot=None)))
    assert on(house) == [(UID, VISIT)]


def test_calls_at_once_are_worked_on_by_one_thread_and_none_is_left(house: House) -> None:
    with_sources(house, CALCOM)
    hooks, left = hooks_of(house), []

    def tell_some(first: int) -> None:
        for number in range(first, first + 3):
            said = calcom(calcom_booking("BOOKING_CREATED", f"u{number}", VISIT, REGISTERED))
            call = hooks.check("north", "calcom", said.headers, said.body)
            assert isinstance(call, BookingCall)
            hooks.keep(call)
            hooks.work()
            left.append(threading.current_thread())

    threads = [threading.Thread(target=tell_some, args=(first,)) for first in range(0, 18, 3)]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    assert len(left) == 18
    assert {it.state for it in events(house)} == {EventState.DONE}
    assert len(events(house)) == 18
