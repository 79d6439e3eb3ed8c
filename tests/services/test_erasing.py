"""An erased patient leaves no trace, gets nothing more, and is never half erased."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.brakes import Scope
from scheduler.domain.consent import Source, Verdict
from scheduler.domain.protocol import Purpose
from scheduler.domain.reasons import because
from scheduler.domain.states import Status
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services import adjusting, consent, inbound
from scheduler.services.adjusting import Wish
from scheduler.services.alerts import raise_alert
from scheduler.services.erasing import Erased, erase, obstacles
from scheduler.services.pausing import pause
from scheduler.store.all_tables import metadata
from scheduler.store.booking_tables import uploads
from scheduler.store.consents import stop_source
from scheduler.store.desk_tables import desk_notes, idempotency
from scheduler.store.erase import EMPTIED, OF_NO_PATIENT, SEARCHED
from scheduler.store.idempotency import begin_request
from scheduler.store.patient_file import erasure_of
from scheduler.store.patients import get_patient
from scheduler.store.provider_events import add_provider_event
from scheduler.store.tables import alerts, provider_events, replies
from tests.services.house import (
    CHECK,
    EMAIL,
    FIRST_HOURS,
    MAIL,
    NEXT_DAY,
    PHONE,
    PREPARE,
    REGISTERED,
    SMS,
    TIPS,
    House,
    after,
)
from tests.services.replying import answer

NAME = "Zoë Lachance"
OWN_ID = "ZL-4711"
BOOKED = "booking-zoe-1"
WORDS = "a little red, but my cat Mimi is fine"
TRACES = ("Zoë", "Zoe", "Lachance", PHONE, "4165550123", "555-0123", MAIL, "zoe@", OWN_ID, BOOKED, "Mimi", "secret")


def rub_out(house: House, patient: int) -> Erased:
    return erase(house.store, house.settings.outbox_dir, patient, now=house.clock.now(), by="user:anna")


def everything(house: House) -> Iterator[str]:
    """Yield every value of the database as text, what is sealed opened, and the outbox folder's files."""
    with house.store.read() as tx:
        for table in metadata.sorted_tables:
            for row in tx.connection.execute(sa.select(table)):
                for column in table.columns:
                    value = row._mapping[column]
                    if value is not None and "of" in column.info:
                        yield tx.vault.open_bytes(value, of=column.info["of"]).decode("utf-8", "replace")
                    elif value is not None:
                        yield value.decode("latin-1") if isinstance(value, bytes) else str(value)
    for file in house.settings.outbox_dir.glob("*"):
        yield file.name
        yield file.read_text(encoding="utf-8", errors="replace")


def traces(house: House) -> set[str]:
    found = "\n".join(everything(house))
    return {it for it in TRACES if it in found}


def call(house: House, kind: str, unique: str, *, handled: bool = True, **form: str) -> None:
    """Store a call of the provider as it comes."""
    payload = json.dumps({"query": "", "body": urlencode(form)})
    with house.store.write() as tx:
        now = house.clock.now()
        number = add_provider_event(tx, unique_id=unique, provider="twilio", kind=kind, payload=payload, now=now)
        if handled:
            which = provider_events.c.id == number
            tx.connection.execute(sa.update(provider_events).where(which).values(handled_at=now))


def lived(house: House) -> int:
    """Return the appointment of a patient of whom there is something in every table."""
    appointment = house.register(external_id=BOOKED, patient_id=OWN_ID, language="fr", timezone="America/Toronto")
    patient = house.patient(appointment).id
    for instant in (PREPARE, FIRST_HOURS, NEXT_DAY, CHECK):
        house.dispatch(instant)
    answer(house, WORDS, after(CHECK, hours=1))
    now, by = house.clock.now(), "Ada"
    with house.store.write() as tx:
        tx.connection.execute(sa.update(alerts).values(closed_at=now, ring_at=None))
        adjusting.adjust(tx, house.configuration, appointment, "tips", Wish(note="secret of Zoë"), now=now, by=by)
        pause(tx, Scope("north", SMS, patient), why="Zoë asked: secret", by=by, now=now)
        consent.say(
            tx, patient, Verdict.GRANTED, [EMAIL], [Purpose.MARKETING], by=by, now=now, wording="Zoë said: secret"
        )
        consent.stop_address(tx, "north", SMS, PHONE, source=Source.STAFF, by=by, now=now, wording="secret stop")
        seal = tx.vault.seal
        noted = {"reply_id": tx.connection.execute(sa.select(replies.c.id)).scalar_one(), "by": by, "at": now}
        tx.connection.execute(sa.insert(desk_notes).values(note_sealed=seal("secret", of="desk_notes.note"), **noted))
        kept = json.dumps({"name": NAME, "phone": PHONE})
        tx.connection.execute(
            sa.insert(idempotency).values(
                caller="key:x",
                key_hash=b"1",
                request_hash=b"2",
                at=now,
                status=201,
                answer_sealed=seal(kept, of="idempotency.answer"),
            )
        )
        file = {
            f"{name}_sealed": seal(text, of=f"uploads.{name}")
            for name, text in upload(NAME, "(416) 555-0123").items()
        }
        tx.connection.execute(
            sa.insert(uploads).values(
                clinic="north",
                by=by,
                at=now,
                expires_at=after(now, days=1),
                **file,
            )
        )
    call(house, "status", "s1", To=PHONE, MessageSid="SM1", MessageStatus="delivered")
    call(house, inbound.KIND, "i1", From=PHONE, Body=WORDS)
    return appointment


def upload(name: str, phone: str) -> dict[str, str]:
    return {"name": "export.csv", "content": f"name,phone\n{name},{phone}\n", "report": "[]"}


def test_nothing_of_the_person_is_left_in_the_database_or_the_outbox_folder(any_house: House) -> None:
    appointment = lived(any_house)
    assert traces(any_house) >= {"Lachance", PHONE, MAIL, OWN_ID, BOOKED, "Mimi", "secret"}
    done = rub_out(any_house, any_house.patient(appointment).id)
    assert traces(any_house) == set()
    assert done.replies == 1
    assert done.messages >= 8
    assert not list(any_house.settings.outbox_dir.glob("*"))


def test_ids_times_statuses_and_the_proof_of_consent_stay(any_house: House) -> None:
    appointment = lived(any_house)
    patient, before = any_house.patient(appointment).id, any_house.statuses(appointment)
    ledger = any_house.ledger(appointment)
    rub_out(any_house, patient)
    after_it = any_house.statuses(appointment)
    assert {key: it for key, it in after_it.items() if before[key] != "scheduled"} == {
        key: it for key, it in before.items() if it != "scheduled"
    }
    assert any_house.ledger(appointment) == ledger
    assert any_house.appointment(appointment).external_id == f" erased/{appointment}"
    with any_house.store.read() as tx:
        assert get_patient(tx, patient).is_erased
        erasure = erasure_of(tx, patient)
    assert erasure
    assert (erasure.by, erasure.at) == ("user:anna", any_house.clock.now())


def test_what_was_to_come_never_comes(any_house: House) -> None:
    appointment = lived(any_house)
    rub_out(any_house, any_house.patient(appointment).id)
    assert "scheduled" not in any_house.statuses(appointment).values()
    assert any_house.why(appointment, "tips") == "The patient's data were erased."
    assert any_house.dispatch(TIPS) == {}


def test_the_addresses_are_never_written_to_again(any_house: House) -> None:
    appointment = any_house.register()
    rub_out(any_house, any_house.patient(appointment).id)
    again = any_house.register()
    assert any_house.patient(again).id != any_house.patient(appointment).id
    any_house.dispatch(PREPARE)
    any_house.dispatch(FIRST_HOURS)
    assert set(any_house.statuses(again).values()) <= {"suppressed", "scheduled"}
    assert any_house.why(again, "first_hours").endswith("were erased, and nothing is sent to it.")
    with any_house.store.write() as tx:
        assert not consent.start_address(
            tx, "north", SMS, PHONE, source=Source.REPLY, by="patient", now=any_house.clock.now()
        )
        assert stop_source(tx, "north", EMAIL, MAIL) == Source.ERASED


def test_who_shares_the_number_goes_on_getting_messages(any_house: House) -> None:
    child, mother = any_house.register(), any_house.register(name="Ana Lachance", email="ana@patients.example")
    rub_out(any_house, any_house.patient(child).id)
    any_house.dispatch(PREPARE)
    any_house.dispatch(FIRST_HOURS)
    assert any_house.message(mother, "first_hours", SMS).status is Status.ACCEPTED
    with any_house.store.read() as tx:
        assert stop_source(tx, "north", SMS, PHONE) is None
        assert stop_source(tx, "north", EMAIL, MAIL) == Source.ERASED


def test_others_are_left_as_they_are(any_house: House) -> None:
    erased = lived(any_house)
    other = any_house.register(name="Ben Roy", phone="+14165550199", email="ben@patients.example", clinic="south")
    call(any_house, "status", "s2", To="+14165550199", MessageSid="SM2", MessageStatus="sent")
    before = any_house.messages(other)
    rub_out(any_house, any_house.patient(erased).id)
    assert any_house.messages(other) == before
    assert any_house.patient(other).name == "Ben Roy"
    found = "\n".join(everything(any_house))
    assert "+14165550199" in found
    assert "%2B14165550199" in found


def test_it_waits_for_a_message_in_an_engines_hands(any_house: House) -> None:
    appointment = any_house.register()
    patient = any_house.patient(appointment).id
    any_house.clock.move_to(PREPARE)
    prepared = any_house.prepare("engine", any_house.claim("engine"))
    assert len(prepared.letters) == 1
    with pytest.raises(ConflictError, match="is being handed over: try again in a minute"):
        rub_out(any_house, patient)
    assert any_house.patient(appointment).name == NAME
    with any_house.store.read() as tx:
        assert [it.value for it in obstacles(tx, patient)] == ["sending"]


def test_what_an_engine_has_claimed_and_rendered_is_dropped_by_it(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(PREPARE)
    ids = any_house.claim("engine")
    letters = any_house.decide("engine", ids).letters
    assert letters
    rub_out(any_house, any_house.patient(appointment).id)
    assert any_house.dispatcher("engine").sender().begin(letters) == []
    assert any_house.statuses(appointment)["prepare email"] == "cancelled"
    assert traces(any_house) == set()


def test_beside_a_running_engine_it_is_whole_or_refused(any_house: House) -> None:
    appointment = any_house.register()
    patient = any_house.patient(appointment).id
    any_house.clock.move_to(after(PREPARE, minutes=1))

    def press() -> bool:
        try:
            rub_out(any_house, patient)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        passing = pool.submit(any_house.dispatch, after(PREPARE, minutes=1))
        pressed = [pool.submit(press).result(30) for _ in range(3)]
        passing.result(30)
    assert any(pressed) or press()
    assert traces(any_house) == set()
    assert "sending" not in any_house.statuses(appointment).values()


def test_an_open_alert_comes_first(any_house: House) -> None:
    appointment = any_house.register()
    patient = any_house.patient(appointment).id
    with any_house.store.write() as tx:
        raise_alert(
            tx,
            AlertKind.UNREACHABLE,
            f"patient/{patient}",
            reasons=(because("address_dead", address="phone number", patient=str(patient)),),
            now=REGISTERED,
            clinic="north",
        )
    with pytest.raises(ConflictError, match="close it first"):
        rub_out(any_house, patient)


def test_a_text_that_has_just_come_in_is_read_first(any_house: House) -> None:
    appointment = any_house.register()
    call(any_house, inbound.KIND, "i9", handled=False, From=PHONE, Body="it hurts")
    with pytest.raises(ConflictError, match="read it first"):
        rub_out(any_house, any_house.patient(appointment).id)


def test_a_report_that_comes_later_leaves_no_number_behind(any_live: House) -> None:
    house = any_live
    appointment = house.register()
    for instant in (PREPARE, FIRST_HOURS):
        house.dispatch(instant)
    rub_out(house, house.patient(appointment).id)
    sid = house.message(appointment, "first_hours").provider_id or ""
    call(house, "status", "late", handled=False, To=PHONE, MessageSid=sid, MessageStatus="delivered")
    house.dispatch(after(FIRST_HOURS, hours=1))
    assert house.message(appointment, "first_hours").status is Status.DELIVERED
    assert traces(house) == set()


def test_asked_for_again_it_erases_what_came_since(any_house: House) -> None:
    appointment = lived(any_house)
    patient = any_house.patient(appointment).id
    rub_out(any_house, patient)
    first = everything(any_house)
    assert rub_out(any_house, patient).cancelled == 0
    assert len(list(first)) == len(list(everything(any_house)))
    with pytest.raises(NotFoundError):
        rub_out(any_house, 999)


def test_a_request_that_registered_the_person_is_not_done_again_when_it_is_repeated(any_house: House) -> None:
    rub_out(any_house, any_house.patient(lived(any_house)).id)
    with any_house.store.write() as tx:
        before = begin_request(tx, "key:x", b"1", b"2", now=any_house.clock.now())
    assert before
    assert before.answer is None


def test_every_sealed_column_is_known_to_the_erasure() -> None:
    columns: list[sa.Column[Any]] = [it for table in metadata.sorted_tables for it in table.columns]
    sealed = {it.info["of"] for it in columns if "of" in it.info}
    assert sealed == EMPTIED | SEARCHED | OF_NO_PATIENT
    assert not EMPTIED & SEARCHED
    assert not (EMPTIED | SEARCHED) & OF_NO_PATIENT


def test_links_to_the_persons_pages_open_nothing(house: House) -> None:
    appointment = house.register()
    epoch = house.patient(appointment).page_epoch
    rub_out(house, house.patient(appointment).id)
    assert house.patient(appointment).page_epoch == epoch + 1
