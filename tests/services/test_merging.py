"""One patient, two treatments on one day: one message instead of two, and nothing lost when that one fails."""

from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.merging import LOOK
from scheduler.domain.states import Brake, Status
from scheduler.services.appointments import reschedule
from scheduler.services.hearing import Hearing, Word
from scheduler.services.holding import release
from scheduler.services.schedule import cancel_unsent
from scheduler.store.alerts import open_alerts
from scheduler.store.appointments import get_appointment, set_appointment_status
from scheduler.store.held import Choice
from tests.servers.behaviours import CLOSE_AFTER_TAKING, FAIL, refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import EMAIL, MAIL, PHONE, SMS, VISIT, House, after
from tests.services.several import ASKED, FIRST_DUE, GLOW, LIFT, SECOND_DUE, both, refit


@pytest.fixture
def twice(any_live: House, tmp_path: Path) -> House:
    """The installation with two treatments whose messages become one, live."""
    refit(any_live, tmp_path)
    return any_live


def statuses(house: House, *appointments: int, step: str = "care") -> list[tuple[str, str]]:
    return [
        (str(house.message(it, step, SMS).status), str(house.message(it, step, EMAIL).status)) for it in appointments
    ]


SAID = {
    ("north", "en"): ("Glow and Lift", ["No sport until Saturday, March 21, 2026", "Hands off"]),
    ("north", "fr"): ("Éclat et Lifting", ["Pas de sport jusqu\u2019au samedi 21 mars 2026", "Ne touchez pas"]),
    ("south", "es"): ("Brillo y Lifting", ["Nada de deporte hasta el sábado, 21 de marzo de 2026", "No tocar"]),
}


def read(smtp: SmtpServer) -> tuple[str, str, str]:
    """Return subject, text and HTML of the only email."""
    (mail,) = smtp.delivered_to(MAIL)
    read = message_from_bytes(mail.content, policy=policy.default)
    text, html = (read.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert html
    return str(read["subject"]), text.get_content(), html.get_content()


@pytest.mark.parametrize(("clinic", "language"), SAID)
def test_two_visits_of_one_day_get_one_text_and_one_email_that_speak_for_both(
    twice: House, twilio: TwilioServer, smtp: SmtpServer, clinic: str, language: str
) -> None:
    titles, lines = SAID[clinic, language]
    first, second = both(twice, clinic=clinic, language=language)
    assert twice.dispatch(FIRST_DUE) == {"sent": 2}
    assert twice.dispatch(SECOND_DUE) == {"suppressed": 2}
    assert twilio.sent_to(PHONE)[0].body.startswith(f"{language} care, ")
    subject, shown, _ = read(smtp)
    assert subject == f"{language} after {titles}"
    assert all(f"- {line}" in shown for line in lines)
    assert statuses(twice, first, second) == [("accepted", "accepted"), ("suppressed", "suppressed")]
    carrier = twice.message(first, "care").id
    assert twice.why(second, "care").endswith(f"erged into message {carrier} of appointment {first}.")
    assert len(twilio.taken) == 1


def test_each_advice_is_said_once_with_the_longest_time(twice: House, smtp: SmtpServer) -> None:
    both(twice)
    twice.dispatch(FIRST_DUE)
    _, shown, html = read(smtp)
    assert shown.count("make-up") == 1
    assert "- No make-up until Friday, March 20, 2026\r\n" in shown
    assert html.count("<li") == 3


def test_a_text_names_the_treatments_only_where_the_clinic_allows_it(
    any_live: House, twilio: TwilioServer, tmp_path: Path
) -> None:
    refit(any_live, tmp_path, clinic="sms_may_name_treatment: true")
    both(any_live)
    any_live.dispatch(FIRST_DUE)
    assert twilio.sent_to(PHONE)[0].body.startswith("en care Glow and Lift, ")


def test_what_is_due_at_once_is_merged_too(twice: House, twilio: TwilioServer) -> None:
    first, second = both(twice)
    assert twice.dispatch(SECOND_DUE) == {"sent": 2, "put_off": 2}
    assert len(twilio.taken) == 1
    assert twice.message(second, "care").status is Status.SCHEDULED
    assert twice.dispatch(after(SECOND_DUE, seconds=LOOK.total_seconds())) == {"suppressed": 2}
    assert statuses(twice, first, second) == [("accepted", "accepted"), ("suppressed", "suppressed")]


def test_when_the_one_is_refused_the_other_goes_by_itself(twice: House, twilio: TwilioServer) -> None:
    first, second = both(twice)
    twilio.script.append(refuse(400, 21617))
    twice.dispatch(FIRST_DUE)
    assert twice.message(first, "care").status is Status.FAILED
    assert twice.dispatch(SECOND_DUE)["sent"] == 1
    assert twice.message(second, "care").status is Status.ACCEPTED
    assert len(twilio.taken) == 1


def test_while_nobody_knows_about_the_one_the_other_waits(twice: House, twilio: TwilioServer) -> None:
    first, second = both(twice)
    twilio.script.append(CLOSE_AFTER_TAKING)
    assert twice.dispatch(SECOND_DUE) == {"sent": 1, "unknown": 1, "put_off": 2}
    twice.dispatch(after(SECOND_DUE, seconds=30))
    assert twice.message(second, "care").status is Status.SCHEDULED
    twice.dispatch(after(SECOND_DUE, minutes=2))
    twice.dispatch(after(SECOND_DUE, minutes=3))
    assert statuses(twice, first, second)[0][0] == "accepted"
    assert twice.message(second, "care").status is Status.SUPPRESSED
    assert len(twilio.taken) == 1


def test_what_was_not_taken_is_sent_again_for_both(twice: House, twilio: TwilioServer) -> None:
    _, second = both(twice)
    twilio.script.append(FAIL)
    assert twice.dispatch(SECOND_DUE) == {"sent": 1, "unknown": 1, "put_off": 2}
    for minutes in (1, 2, 3, 4, 5, 6, 7):
        twice.dispatch(after(SECOND_DUE, minutes=minutes))
    assert len(twilio.taken) == 1
    assert twice.message(second, "care").status is Status.SUPPRESSED


def test_an_email_that_may_have_arrived_comes_again_for_both_under_its_name(twice: House, smtp: SmtpServer) -> None:
    first, second = both(twice)
    twice.clock.move_to(SECOND_DUE)
    prepared = twice.prepare("dead", twice.claim("dead"))
    assert len(prepared.letters) == 2
    for minutes in (2, 3, 4, 5, 6, 7, 8):
        twice.dispatch(after(SECOND_DUE, minutes=minutes))
    assert read(smtp)[0] == "en after Glow and Lift"
    name = twice.message(first, "care", EMAIL).header_id
    assert name
    assert name.encode() in smtp.delivered_to(MAIL)[0].content
    assert twice.message(second, "care", EMAIL).status is Status.SUPPRESSED


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_engines_that_each_hold_one_of_the_two_send_one(
    twice: House, twilio: TwilioServer, order: tuple[int, int]
) -> None:
    appointments = both(twice)
    twice.clock.move_to(SECOND_DUE)
    held = {owner: twice.claim(owner, limit=2) for owner in ("a", "b")}
    assert {len(ids) for ids in held.values()} == {2}
    prepared = {owner: twice.decide(owner, ids) for owner, ids in held.items()}
    begun = [
        letter
        for owner in [("a", "b")[place] for place in order]
        for letter in twice.dispatcher(owner).sender().begin(prepared[owner].letters)
    ]
    assert [letter.due.message.of_visit for letter in begun] == [appointments[0]] * 2
    assert {len(letter.passengers) for letter in begun} == {1}
    assert not twilio.taken


def test_an_engine_that_decided_before_the_other_visit_was_known_does_not_send_it_twice(twice: House) -> None:
    first = twice.register(treatment="glow")
    twice.clock.move_to(SECOND_DUE)
    alone = twice.decide("early", twice.claim("early"))
    twice.register(treatment="lift", starts_at=after(VISIT, hours=1).isoformat())
    late = twice.decide("late", twice.claim("late"))
    assert late.letters == []
    assert [it.due.message.of_visit for it in twice.dispatcher("early").sender().begin(alone.letters)] == [first] * 2


def test_a_visit_that_is_called_off_after_the_decision_is_not_spoken_of(twice: House, smtp: SmtpServer) -> None:
    _, second = both(twice)
    twice.clock.move_to(FIRST_DUE)
    prepared = twice.decide("engine", twice.claim("engine"))
    with twice.store.write() as tx:
        set_appointment_status(tx, second, AppointmentStatus.CANCELLED, now=FIRST_DUE, by="desk")
        cancel_unsent(tx, second, AppointmentStatus.CANCELLED, now=FIRST_DUE, by="desk")
    assert twice.dispatcher("engine").sender().begin(prepared.letters) == []
    assert twice.dispatch(FIRST_DUE) == {"sent": 2}
    assert read(smtp)[0] == "en after Glow"


def test_a_visit_that_has_not_begun_is_not_spoken_of(twice: House, twilio: TwilioServer) -> None:
    twice.register(treatment="glow")
    twice.register(treatment="lift", starts_at=after(VISIT, hours=4).isoformat())
    assert twice.dispatch(FIRST_DUE) == {"sent": 2}
    assert twice.dispatch(after(VISIT, hours=7)) == {"sent": 2}
    assert len(twilio.taken) == 2


def test_a_clinic_may_keep_all_apart(any_live: House, tmp_path: Path, twilio: TwilioServer) -> None:
    refit(any_live, tmp_path, clinic="merge_window: 0m")
    both(any_live)
    assert any_live.dispatch(SECOND_DUE) == {"sent": 4}
    assert len(twilio.taken) == 2


def test_what_was_merged_goes_out_all_the_same_when_its_visit_is_moved_to_another_day(
    twice: House, twilio: TwilioServer
) -> None:
    _, second = both(twice)
    twice.dispatch(SECOND_DUE)
    with twice.store.write() as tx:
        reschedule(
            tx,
            twice.configuration,
            get_appointment(tx, second),
            starts_at=after(VISIT, days=7),
            now=twice.clock.now(),
            by="desk",
        )
    twice.dispatch(after(VISIT, days=7, hours=2, minutes=40))
    assert twice.message(second, "care").status is Status.SCHEDULED
    twice.dispatch(after(VISIT, days=7, hours=3))
    assert twice.message(second, "care").status is Status.ACCEPTED
    assert twilio.taken[-1].body.startswith("en care")


def test_of_two_checks_one_is_asked_and_its_text_is_that_of_the_kind(twice: House, twilio: TwilioServer) -> None:
    first, second = both(twice)
    twice.dispatch(SECOND_DUE)
    twice.dispatch(ASKED)
    twice.dispatch(after(ASKED, hours=2))
    assert [it.body.partition(",")[0] for it in twilio.taken] == ["en care", "en ask"]
    assert twice.message(first, "ask_glow").status is Status.ACCEPTED
    assert twice.message(second, "ask_lift").status is Status.SUPPRESSED


def test_without_a_text_of_the_kind_each_goes_by_itself(
    any_live: House, tmp_path: Path, twilio: TwilioServer
) -> None:
    other = GLOW.replace("template: ask}", "template: ask_otherwise}").replace("kind: ask", "kind: nameless")
    refit(
        any_live,
        tmp_path,
        glow=other.replace("ask_otherwise", "ask"),
        lift=LIFT.replace("kind: ask", "kind: nameless"),
    )
    both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(ASKED)
    any_live.dispatch(after(ASKED, hours=2))
    assert [it.body.partition(",")[0] for it in twilio.taken] == ["en care", "en ask", "en ask_otherwise"]


def test_the_timeline_says_with_what_a_message_will_go(twice: House) -> None:
    first, second = both(twice)
    ours, theirs = twice.message(first, "care").id, twice.message(second, "care").id
    said, passenger = twice.why(first, "care"), twice.why(second, "care")
    assert f"will be sent at {local(FIRST_DUE)}; together with message {theirs} of appointment {second}" in said
    assert f"goes with message {ours} of appointment {first}, at {local(FIRST_DUE)}" in passenger
    assert "will be sent" not in passenger
    twice.dispatch(FIRST_DUE)
    twice.dispatch(SECOND_DUE)
    assert twice.message(second, "care").status is Status.SUPPRESSED


def local(instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo('America/Toronto')):%a %Y-%m-%d %H:%M}"


def test_the_timeline_says_that_two_will_contradict_each_other(house: House, tmp_path: Path) -> None:
    first, second = clashing(house, tmp_path)
    for appointment, other in ((first, second), (second, first)):
        said = house.why(appointment, "care")
        assert "will wait for a person" in said
        assert f"contradicts that of appointment {other}" in said
        assert "will be sent" not in said
    assert "together with message" in house.why(first, "ask_glow")


def test_what_is_due_long_after_another_is_not_said_to_contradict_it_yet(house: House, tmp_path: Path) -> None:
    refit(house, tmp_path, lift=LIFT.replace("no_makeup: 2d, no_sport: 3d", "makeup: 2d"))
    first = house.register(treatment="glow")
    house.register(treatment="lift", starts_at=after(VISIT, hours=6).isoformat())
    assert "will be sent" in house.why(first, "care")


def clashing(house: House, folder: Path) -> tuple[int, int]:
    refit(house, folder, lift=LIFT.replace("no_makeup: 2d, no_sport: 3d", "makeup: 2d"))
    return both(house)


def test_advice_that_contradicts_holds_both_for_a_person(any_live: House, tmp_path: Path) -> None:
    first, second = clashing(any_live, tmp_path)
    assert any_live.dispatch(FIRST_DUE) == {"held": 2}
    assert any_live.dispatch(SECOND_DUE) == {"held": 2}
    assert statuses(any_live, first, second) == [("held", "held")] * 2
    assert any_live.message(second, "care").brake is Brake.CLASH
    assert "(makeup) contradicts" in any_live.why(second, "care")
    with any_live.store.read() as tx:
        assert [it.kind for it in open_alerts(tx)] == [AlertKind.CLASH]


def test_what_a_person_lets_go_on_goes_as_it_is(any_live: House, tmp_path: Path, twilio: TwilioServer) -> None:
    first, second = clashing(any_live, tmp_path)
    any_live.dispatch(SECOND_DUE)
    assert release(any_live.store, Choice(appointment=first), now=SECOND_DUE, by="Ann").moved == 2
    assert any_live.dispatch(after(SECOND_DUE, minutes=1)) == {"sent": 2}
    assert statuses(any_live, first, second) == [("accepted", "accepted"), ("held", "held")]
    assert len(twilio.taken) == 1


def test_what_contradicts_what_the_patient_was_told_before_is_held(any_live: House, tmp_path: Path) -> None:
    refit(any_live, tmp_path, lift=LIFT.replace("no_makeup: 2d, no_sport: 3d", "makeup: 2d"))
    any_live.register(treatment="glow")
    assert any_live.dispatch(FIRST_DUE) == {"sent": 2}
    second = any_live.register(treatment="lift", starts_at=after(VISIT, hours=6).isoformat())
    assert any_live.dispatch(after(VISIT, hours=9)) == {"held": 2}
    assert any_live.message(second, "care").brake is Brake.CLASH


def hear_that_it_did_not_arrive(house: House, appointment: int) -> None:
    message = house.message(appointment, "care")
    assert message.attempt
    word = Word(Status.UNDELIVERED, message.provider_id or "", "30003", house.clock.now())
    with house.store.write() as tx:
        Hearing(house.configuration, "test").hear(tx, message.attempt, message.id, word, now=house.clock.now())


def test_when_the_text_for_both_does_not_arrive_both_turn_to_the_other_channel_together(
    any_live: House, tmp_path: Path, smtp: SmtpServer
) -> None:
    glow, lift = (it.replace("channels: [sms, email]", "channels: {first_of: [sms, email]}") for it in (GLOW, LIFT))
    refit(any_live, tmp_path, glow=glow, lift=lift)
    first, second = both(any_live)
    any_live.dispatch(SECOND_DUE)
    any_live.dispatch(after(SECOND_DUE, minutes=1))
    assert any_live.message(second, "care").status is Status.SUPPRESSED
    hear_that_it_did_not_arrive(any_live, first)
    any_live.dispatch(after(SECOND_DUE, minutes=2))
    any_live.dispatch(after(SECOND_DUE, minutes=3))
    assert read(smtp)[0] == "en after Glow and Lift"
    assert any_live.message(second, "care", EMAIL).status is Status.SUPPRESSED


def test_a_stop_after_the_one_keeps_the_other_from_going_out(twice: House, twilio: TwilioServer) -> None:
    first, second = both(twice)
    twilio.script.append(refuse(400, 21610))
    twice.dispatch(FIRST_DUE)
    twice.dispatch(SECOND_DUE)
    assert twice.message(first, "care").status is Status.SUPPRESSED
    assert twice.message(second, "care").status is Status.SUPPRESSED
    assert "stopped messages" in twice.why(second, "care")


def test_what_is_late_is_merged_and_not_spaced(twice: House, twilio: TwilioServer) -> None:
    both(twice)
    assert twice.dispatch(after(SECOND_DUE, hours=3))["sent"] == 2
    twice.dispatch(after(SECOND_DUE, hours=3, minutes=15))
    assert len(twilio.taken) == 1
