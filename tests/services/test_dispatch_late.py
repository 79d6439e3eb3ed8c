"""After an outage: what several late messages of one patient become."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.reasons import because
from scheduler.domain.states import Status
from scheduler.services.appointments import complete
from scheduler.store.messages import next_wake
from scheduler.store.tables import patients
from tests.servers.behaviours import ACCEPT, refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import (
    CHECK,
    EMAIL,
    FIRST_HOURS,
    NEXT_DAY,
    REBOOK,
    TIPS,
    VISIT,
    House,
    after,
)

BUSY = refuse(429, 20429)


def test_a_message_up_to_half_an_hour_late_goes_out_as_if_nothing_had_been(house: House) -> None:
    house.register(treatment="laser")
    assert house.dispatch(after(VISIT, days=1, minutes=30)) == {"sent": 1}


def test_of_several_late_messages_only_the_latest_is_sent_beside_those_that_ask(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    appointment = any_live.register()
    monday = after(TIPS, hours=1)
    counts = any_live.dispatch(monday)
    assert counts == {"sent": 1, "expired": 4, "put_off": 1}
    assert any_live.statuses(appointment) | {"rebook email": "", "offer email": ""} == {
        "prepare email": "expired",
        "first_hours sms": "expired",
        "next_day sms": "expired",
        "next_day email": "expired",
        "check sms": "accepted",
        "tips sms": "scheduled",
        "rebook email": "",
        "offer email": "",
    }
    assert any_live.why(appointment, "next_day", EMAIL) == (
        "1 day after the appointment; late, and a later message (tips) says what counts now."
    )
    tips = any_live.message(appointment, "tips")
    assert (tips.due_at, tips.try_at) == (TIPS, after(monday, minutes=10))
    assert any_live.dispatch(after(monday, minutes=10)) == {"sent": 1}
    assert [it.body.split()[1] for it in twilio.taken] == ["check", "tips"]
    assert smtp.delivered == []


def test_both_channels_of_the_latest_step_go_out(any_live: House, twilio: TwilioServer, smtp: SmtpServer) -> None:
    appointment = any_live.register()
    any_live.dispatch(after(CHECK, hours=-1))
    assert any_live.message(appointment, "first_hours").status is Status.EXPIRED
    assert (len(twilio.taken), len(smtp.delivered)) == (1, 1)
    assert any_live.message(appointment, "next_day").status is Status.ACCEPTED
    assert any_live.message(appointment, "next_day", EMAIL).status is Status.ACCEPTED


def test_late_messages_of_two_patients_have_nothing_to_do_with_each_other(live: House, twilio: TwilioServer) -> None:
    live.register()
    live.register(name="Ann Roy", email="ann@patients.example")
    live.dispatch(after(TIPS, hours=1))
    assert sorted(it.body.partition(" on ")[0] for it in twilio.taken) == ["en check for Ann", "en check for Zoë"]


def test_what_another_engine_holds_takes_part_in_deciding_what_counts(any_house: House) -> None:
    """Two engines that hold one late message each of a patient come to one answer, and collapse only one of them."""
    appointment = any_house.register(consent_email="no")
    any_house.dispatch(VISIT)
    any_house.clock.move_to(after(CHECK, hours=-1))
    held = [(owner, any_house.claim(owner, limit=1)) for owner in ("first", "second")]
    told = [any_house.prepare(owner, ids) for owner, ids in held]
    assert [len(it.letters) for it in told] == [0, 1]
    assert any_house.message(appointment, "first_hours").status is Status.EXPIRED
    assert any_house.message(appointment, "next_day").status is Status.SENDING


def send_until(house: House, end: datetime) -> None:
    """Run a pass whenever there is something to do, as the engine does."""
    while True:
        with house.store.read() as tx:
            wake = next_wake(tx)
        if wake is None or wake >= end:
            return
        house.dispatch(max(wake, house.clock.now()))


def words(twilio: TwilioServer) -> list[str]:
    """Which texts were taken, in order."""
    return [it.body.split()[1] for it in twilio.taken]


def test_a_text_that_waits_for_its_retry_gives_way_to_a_later_one_that_was_sent_in_time(
    live: House, twilio: TwilioServer
) -> None:
    appointment = live.register(email="")
    live.dispatch(FIRST_HOURS)
    twilio.default = BUSY
    send_until(live, after(NEXT_DAY, hours=1))
    live.dispatch(after(CHECK, minutes=-2))
    twilio.default = ACCEPT
    assert live.message(appointment, "next_day").try_at > CHECK
    assert live.dispatch(CHECK) == {"sent": 1}
    send_until(live, TIPS)
    assert words(twilio) == ["first_hours", "check"]
    assert live.why(appointment, "next_day").endswith("; late, and a later message (check) says what counts now.")


def test_late_texts_of_two_visits_both_go_out_apart(live: House, twilio: TwilioServer) -> None:
    """Each says what counts after its own visit."""
    first = live.register(email="")
    second = live.register(treatment="laser", email="", starts_at=after(VISIT, hours=2).isoformat())
    live.dispatch(after(FIRST_HOURS, minutes=1))
    late = after(NEXT_DAY, hours=6)
    live.dispatch(late)
    assert words(twilio) == ["first_hours", "next_day"]
    live.dispatch(after(late, minutes=10))
    assert words(twilio) == ["first_hours", "next_day", "first_day"]
    assert live.message(first, "next_day").status is Status.ACCEPTED
    assert live.message(second, "first_day").status is Status.ACCEPTED


def test_a_late_text_keeps_its_distance_from_what_was_sent_in_an_earlier_pass(
    live: House, twilio: TwilioServer
) -> None:
    first = live.register(email="")
    live.register(treatment="laser", email="", starts_at=after(VISIT, hours=2).isoformat())
    live.dispatch(FIRST_HOURS)
    twilio.default = BUSY
    in_time = after(VISIT, days=1)  # ten o'clock, when the other visit's text is due
    send_until(live, in_time)
    twilio.default = ACCEPT
    assert live.dispatch(in_time) == {"sent": 1}
    again = live.message(first, "next_day").try_at
    assert in_time < again < after(in_time, minutes=10)
    late = replace(live.configuration.instance, late_after=timedelta(minutes=5))
    live.configuration = replace(live.configuration, instance=late)
    assert live.dispatch(again) == {"put_off": 1}
    assert live.message(first, "next_day").try_at == after(in_time, minutes=10)


@pytest.mark.parametrize("spoiled", [{"name_sealed": b"\x01abcd" + bytes(40)}, {"phone_hash": bytes(32)}])
def test_a_patient_who_cant_be_opened_is_kept_back_and_keeps_no_other_waiting(
    any_live: House, twilio: TwilioServer, spoiled: dict[str, bytes]
) -> None:
    first = any_live.register(email="")
    second = any_live.register(name="Ann Roy", phone="+14165550124", email="")
    with any_live.store.write() as tx:
        whose = patients.c.id == any_live.appointment(first).patient_id
        tx.connection.execute(sa.update(patients).where(whose).values(spoiled))
    assert "the patient's data can't be opened with the keys at hand; it is looked" in any_live.why(
        first, "first_hours"
    )
    any_live.dispatch(FIRST_HOURS)
    assert [it.to for it in twilio.taken] == ["+14165550124"]
    assert any_live.message(second, "first_hours").status is Status.ACCEPTED
    assert any_live.message(first, "first_hours").reasons[-1] == because("unreadable")
    assert any_live.message(first, "first_hours").status is Status.SCHEDULED


def test_without_a_version_a_service_that_read_older_files_throws_nothing_away(house: House) -> None:
    appointment = house.register(email="")
    house.forget_versions()
    newer, peel = house.configuration, house.configuration.protocols["peel"]
    older = replace(peel, steps=tuple(it for it in peel.steps if it.id != "first_hours"))
    house.configuration = replace(newer, protocols={**newer.protocols, "peel": older})
    house.dispatch(FIRST_HOURS)
    assert "the protocol in force has no such step on this channel" in house.why(appointment, "first_hours")
    house.configuration = newer
    house.dispatch(after(FIRST_HOURS, minutes=10))
    assert house.message(appointment, "first_hours").status is Status.ACCEPTED


def test_no_recall_follows_a_visit_after_which_the_next_one_took_place(house: House) -> None:
    first = house.register(phone="")
    second = house.register(phone="", starts_at=after(VISIT, weeks=3).isoformat())
    house.clock.move_to(after(VISIT, weeks=3, hours=2))
    with house.store.write() as tx:
        complete(tx, house.appointment(second), now=house.clock.now(), by="desk")
    house.dispatch(REBOOK)
    assert house.message(first, "rebook", EMAIL).status is Status.SUPPRESSED
