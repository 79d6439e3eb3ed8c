"""What merging may not lose: a visit's own time, a recheck, a person's word on one visit, and which text it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.merging import LOOK
from scheduler.domain.states import Status
from scheduler.protocols.loader import load
from scheduler.services.adjusting import Wish, adjust
from scheduler.services.evidence import evidence
from scheduler.services.hearing import Hearing, Word
from scheduler.services.schedule import cancel_unsent
from scheduler.store.alerts import open_alerts
from scheduler.store.appointments import set_appointment_status
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import APPROVED, EMAIL, MAIL, PHONE, SMS, VISIT, House, after
from tests.services.replying import answer
from tests.services.several import ASKED, FIRST_DUE, GLOW, LIFT, SECOND_DUE, both, refit

READY = """  - {id: prepare, template: care, before: 1d, at: "10:00", channels: [sms]}
"""


@pytest.fixture
def twice(any_live: House, tmp_path: Path) -> House:
    """The installation with two treatments whose messages become one, live."""
    refit(any_live, tmp_path)
    return any_live


def call_off(house: House, appointment: int) -> None:
    now = house.clock.now()
    with house.store.write() as tx:
        set_appointment_status(tx, appointment, AppointmentStatus.CANCELLED, now=now, by="desk")
        cancel_unsent(tx, appointment, AppointmentStatus.CANCELLED, now=now, by="desk")


def texts(twilio: TwilioServer) -> list[str]:
    return [it.body for it in twilio.sent_to(PHONE)]


def rewrite(house: House, name: str, text: str) -> None:
    for language in ("en", "fr", "es"):
        (house.texts_dir / language / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("said", "count"), [("", 1), ("at {{ appointment.time }}, ", 2)])
def test_a_text_that_says_when_the_visit_is_speaks_for_no_visit_at_another_time(
    any_live: House, tmp_path: Path, twilio: TwilioServer, said: str, count: int
) -> None:
    refit(any_live, tmp_path, glow=GLOW + READY, lift=LIFT + READY)
    rewrite(any_live, "care/sms.txt", f"Ready, {said}{{{{ clinic.phone }}}}, {{{{ clinic.emergency_number }}}}\n")
    both(any_live)
    due = after(VISIT, days=-1)
    any_live.dispatch(due)
    any_live.dispatch(after(due, seconds=LOOK.total_seconds()))
    assert len(texts(twilio)) == count
    if said:
        assert ["10:00" in texts(twilio)[0], "11:00" in texts(twilio)[1]] == [True, True]


def test_an_email_that_says_the_date_speaks_for_visits_of_that_date_only(
    any_live: House, tmp_path: Path, smtp: SmtpServer
) -> None:
    glow, lift = (
        it.replace(
            "after: 2h, channels: [sms, email], useful_for: 12h", f"after: {days}, at: '13:00', channels: [email]"
        )
        for it, days in ((GLOW, "3d"), (LIFT, "2d"))
    )
    refit(any_live, tmp_path, glow=glow, lift=lift)
    page = "---\nsubject: Your visit\npreheader: Of {{ appointment.date }}\n---\n{{ advice }}\n"
    rewrite(any_live, "care/email.md", page)
    any_live.register(treatment="glow")
    any_live.register(treatment="lift", starts_at=after(VISIT, days=1).isoformat())
    due = after(VISIT, days=3, hours=3)
    any_live.dispatch(due)
    any_live.dispatch(after(due, seconds=LOOK.total_seconds()))
    assert len(smtp.delivered_to(MAIL)) == 2


RECHECK = """  - id: recheck
    after_reply: {to: ask_lift, triage: [concern], wait: 2d}
    at: "10:00"
    channels: [sms]
    ask: redness
    template: ask
"""


def test_a_concern_brings_the_recheck_that_only_the_other_visits_protocol_has(
    any_live: House, tmp_path: Path
) -> None:
    refit(any_live, tmp_path, lift=LIFT + RECHECK)
    first, second = both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(ASKED)
    any_live.dispatch(after(ASKED, hours=2))
    assert any_live.message(second, "ask_lift").status is Status.SUPPRESSED
    taken = answer(any_live, "2", after(ASKED, hours=3))
    assert any_live.message(second, "recheck").status is Status.SCHEDULED
    assert ("recheck", SMS) not in any_live.messages(first)
    assert taken.alert == "reply"  # a person is told too: nothing notices if that recheck is given up
    answer(any_live, "1", after(ASKED, hours=20))
    assert any_live.message(second, "recheck").status is Status.CANCELLED


def test_where_both_protocols_have_a_recheck_one_is_planned(any_live: House, tmp_path: Path) -> None:
    refit(any_live, tmp_path, glow=GLOW + RECHECK.replace("ask_lift", "ask_glow"), lift=LIFT + RECHECK)
    first, second = both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(ASKED)
    any_live.dispatch(after(ASKED, hours=2))
    assert answer(any_live, "2", after(ASKED, hours=3)).planned == (any_live.message(first, "recheck").id,)
    assert ("recheck", SMS) not in any_live.messages(second)


def test_a_question_that_is_asked_again_without_an_answer_is_merged_only_with_one_that_is_too(
    any_live: House, tmp_path: Path, twilio: TwilioServer
) -> None:
    lift = LIFT.replace("ask: redness,", "ask: redness, remind: {after: 1d},")
    refit(any_live, tmp_path, lift=lift)
    both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(ASKED)
    any_live.dispatch(after(ASKED, hours=2))
    assert [it.partition(",")[0] for it in texts(twilio)] == ["en care", "en ask", "en ask_otherwise"]


def test_a_batch_that_decided_before_another_of_the_same_engine_spoke_for_it_sends_nothing(
    twice: House, tmp_path: Path
) -> None:
    appointments = both(twice)
    twice.clock.move_to(SECOND_DUE)
    ids = twice.claim("engine")
    carriers, others = ([it for it in ids if it in of_visit(twice, visit)] for visit in appointments)
    refit(twice, tmp_path, clinic="merge_window: 0m")
    alone = twice.decide("engine", others)
    assert len(alone.letters) == 2
    refit(twice, tmp_path)  # the files are edited, and the next batch goes by them
    spoken = twice.decide("engine", carriers)
    assert [len(it.passengers) for it in twice.dispatcher("engine").sender().begin(spoken.letters)] == [1, 1]
    assert sorted(twice.claim("engine")) == sorted(others)  # a third batch has them in hand, about to let them wait
    assert twice.dispatcher("engine").sender().begin(alone.letters) == []


def of_visit(house: House, appointment: int) -> set[int]:
    return {it.id for it in house.messages(appointment).values()}


def test_what_a_person_put_at_another_time_is_not_said_before_it(twice: House, twilio: TwilioServer) -> None:
    _, second = both(twice)
    put = after(FIRST_DUE, hours=2)
    with twice.store.write() as tx:
        adjust(tx, twice.configuration, second, "care", Wish(at=put), now=twice.clock.now(), by="Ann")
    twice.dispatch(FIRST_DUE)
    assert len(texts(twilio)) == 1
    twice.dispatch(put)
    assert len(texts(twilio)) == 2


def hear(house: House, message: Any, attempt: str, said: Status) -> None:
    code = "30003" if said is Status.UNDELIVERED else ""
    word = Word(said, message.provider_id or "", code, house.clock.now())
    with house.store.write() as tx:
        Hearing(house.configuration, "test").hear(tx, attempt, message.id, word, now=house.clock.now())


def test_what_arrived_after_all_takes_the_other_channel_of_both_back(
    any_live: House, tmp_path: Path, smtp: SmtpServer
) -> None:
    glow, lift = (it.replace("channels: [sms, email]", "channels: {first_of: [sms, email]}") for it in (GLOW, LIFT))
    refit(any_live, tmp_path, glow=glow, lift=lift)
    first, second = both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(after(SECOND_DUE, minutes=1))
    carrier = any_live.message(first, "care")
    assert carrier.attempt
    hear(any_live, carrier, carrier.attempt, Status.UNDELIVERED)
    hear(any_live, carrier, carrier.attempt, Status.DELIVERED)
    any_live.dispatch(after(SECOND_DUE, minutes=2))
    any_live.dispatch(after(SECOND_DUE, minutes=3))
    assert [any_live.message(it, "care", EMAIL).status for it in (first, second)] == [Status.CANCELLED] * 2
    assert smtp.delivered_to(MAIL) == []


def clashing(house: House, folder: Path) -> None:
    refit(house, folder, lift=LIFT.replace("no_makeup: 2d, no_sport: 3d", "makeup: 2d"))


def test_what_was_advised_for_a_visit_that_was_called_off_holds_nothing_back(any_live: House, tmp_path: Path) -> None:
    clashing(any_live, tmp_path)
    first = any_live.register(treatment="glow")
    assert any_live.dispatch(FIRST_DUE) == {"sent": 2}
    call_off(any_live, first)
    any_live.register(treatment="lift", starts_at=after(VISIT, hours=6).isoformat())
    assert any_live.dispatch(after(VISIT, hours=9)) == {"sent": 2}


def test_what_was_said_within_another_is_not_said_again_when_the_window_is_made_smaller(
    twice: House, tmp_path: Path, twilio: TwilioServer
) -> None:
    both(twice)
    twice.dispatch(FIRST_DUE)
    refit(twice, tmp_path, clinic="merge_window: 30m")
    twice.dispatch(SECOND_DUE)
    assert len(texts(twilio)) == 1


def test_what_was_said_within_another_message_was_heard_too(any_live: House, tmp_path: Path) -> None:
    peel = LIFT.replace("lift", "third").replace("Lift", "Third").replace("no_makeup: 2d, no_sport: 3d", "sport: 2d")
    refit(any_live, tmp_path)
    config = tmp_path / "config"
    (config / "protocols" / "third.yaml").write_text(peel, encoding="utf-8")
    tags = (config / "advice.yaml").read_text(encoding="utf-8")
    against = "  sport: {text: {en: Run, fr: Courez, es: Corra}, against: [no_sport]}\n"
    (config / "advice.yaml").write_text(tags + against, encoding="utf-8")
    known = load(config)
    clinics = {name: replace(it, on_call=()) for name, it in known.clinics.items()}
    any_live.configuration = replace(known, approvals=APPROVED, clinics=clinics)
    _, second = both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(after(SECOND_DUE, minutes=1))
    assert any_live.message(second, "care").status is Status.SUPPRESSED
    third = any_live.register(treatment="third", starts_at=after(VISIT, hours=6).isoformat())
    any_live.dispatch(after(VISIT, hours=9))
    assert any_live.message(third, "care").status is Status.HELD


def test_a_clash_is_over_for_the_alert_when_both_visits_are_called_off(any_live: House, tmp_path: Path) -> None:
    clashing(any_live, tmp_path)
    for appointment in both(any_live):
        any_live.dispatch(SECOND_DUE)
        call_off(any_live, appointment)
    any_live.dispatch(after(SECOND_DUE, minutes=10))
    with any_live.store.read() as tx:
        assert [it.kind for it in open_alerts(tx) if it.kind is AlertKind.CLASH] == []


def test_evidence_names_the_text_that_spoke_for_both_and_the_advice_of_both(twice: House) -> None:
    first, _ = both(twice)
    twice.dispatch(SECOND_DUE)
    twice.dispatch(ASKED)
    twice.dispatch(after(ASKED, hours=2))
    with twice.store.read() as tx:
        data = evidence(tx, twice.configuration, 1, now=twice.clock.now())
    messages = {(it["step"], it["channel"]): it for it in data["appointments"][0]["messages"] if it["hand_overs"]}
    assert data["appointments"][0]["appointment"] == first
    (mail,) = messages["care", "email"]["hand_overs"]
    names = [it["name"] for it in mail["texts"]]
    assert names == [
        "care/en/email",
        "advice.hands_off/en/email",
        "advice.no_makeup/en/email",
        "advice.no_sport/en/email",
    ]


def test_evidence_does_not_call_the_text_of_a_kind_by_the_name_of_a_steps_own(
    any_live: House, tmp_path: Path
) -> None:
    lift = LIFT.replace('at: "12:00"', 'at: "09:30"')
    refit(any_live, tmp_path, lift=lift)
    both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(after(ASKED, minutes=-30))
    with any_live.store.read() as tx:
        data = evidence(tx, any_live.configuration, 1, now=any_live.clock.now())
    (asked,) = [
        it for visit in data["appointments"] for it in visit["messages"] if it["hand_overs"] and "ask" in it["step"]
    ]
    assert asked["step"] == "ask_lift"
    assert asked["hand_overs"][0]["texts"][0]["name"] == "ask/en/sms"
