"""What a provider's report does to a message, in whatever order, number and lateness the reports come."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from scheduler.domain.outgoing import OutgoingSms
from scheduler.domain.states import PROOF, Status
from scheduler.errors import ErrorKind
from scheduler.store.attempts import attempts_of
from scheduler.store.consents import is_stopped
from scheduler.store.events import events_of_message
from scheduler.store.tables import provider_events
from tests.servers.behaviours import FAIL, FAIL_AFTER_TAKING, refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, MAIL, NEXT_DAY, PHONE, SMS, VISIT, House, after
from tests.services.reports import Report, callbacks

DUE = after(VISIT, days=1)
SAID = {
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.ACCEPTED,
    "failed": Status.FAILED,
    "undelivered": Status.UNDELIVERED,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
}


def sent_sms(house: House, step: str = "first_day", treatment: str = "laser") -> tuple[int, str, str]:
    """Register Zoë and send that step; return the appointment, Twilio's id and our token."""
    appointment = house.register(treatment=treatment)
    for due in (DUE,) if treatment == "laser" else (FIRST_HOURS, NEXT_DAY, CHECK):
        house.dispatch(due)
    message = house.message(appointment, step)
    return appointment, message.provider_id or "", message.attempt or ""


def test_reports_lead_on_to_delivered_and_say_when(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live)
    for minutes, status in enumerate(("queued", "sent", "delivered"), start=1):
        any_live.clock.move_to(after(DUE, minutes=minutes))
        Report(sid, status, attempt=token).tell(any_live)
    message = any_live.message(appointment, "first_day")
    assert (message.status, message.look_at) == (Status.DELIVERED, None)
    assert any_live.why(appointment, "first_day") == (
        "1 day after the appointment; sent at Thu 2026-03-19 10:00; delivered at Thu 2026-03-19 10:03."
    )
    with any_live.store.read() as tx:
        (attempt,) = attempts_of(tx, message.id)
        events = events_of_message(tx, message.id)
    assert attempt.outcome is Status.DELIVERED
    assert [it.to_status for it in events][-2:] == [Status.ACCEPTED, Status.DELIVERED]


@pytest.fixture
def crowd(live: House) -> tuple[House, list[int]]:
    """Sixty patients who were each sent a text: the messages' ids."""
    registrar = live.registrar()
    with live.store.write() as tx:
        for n in range(60):
            said = live.registration(treatment="laser", name=f"Patient {n}", phone=f"+1416555{1000 + n}")
            registrar.register(tx, said)
    live.dispatch(DUE)
    return live, [it.message for it in live.happenings]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(statuses=st.lists(st.sampled_from(sorted(SAID)), min_size=1, max_size=6))
def test_in_any_order_and_number_the_weightiest_word_stands(
    crowd: tuple[House, list[int]], statuses: list[str]
) -> None:
    house, waiting = crowd
    message_id = waiting.pop()
    with house.store.read() as tx:
        (attempt,) = attempts_of(tx, message_id)
    for status in statuses:
        Report(attempt.provider_id or "", status, attempt=attempt.token).tell(house)
    with house.store.read() as tx:
        (attempt,) = attempts_of(tx, message_id)
        events = events_of_message(tx, message_id)
    weightiest = max((Status.ACCEPTED, *(SAID[status] for status in statuses)), key=PROOF.index)
    assert (events[-1].to_status, attempt.outcome) == (weightiest, weightiest)
    path = [PROOF.index(it.to_status) for it in events if it.to_status in PROOF]
    assert path == sorted(set(path))


def test_a_report_that_comes_twice_is_kept_once_and_changes_nothing(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live)
    for _ in range(3):
        Report(sid, "delivered", attempt=token).tell(any_live)
    with any_live.store.read() as tx:
        assert tx.connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) == 1
        events = events_of_message(tx, any_live.message(appointment, "first_day").id)
    assert [it.to_status for it in events].count(Status.DELIVERED) == 1


def test_a_report_without_our_token_is_found_by_the_providers_id(any_live: House) -> None:
    appointment, sid, _ = sent_sms(any_live)
    Report(sid, "delivered").tell(any_live)
    assert any_live.message(appointment, "first_day").status is Status.DELIVERED


def test_a_report_that_overtakes_the_answer_proves_that_it_was_taken(any_live: House) -> None:
    appointment = any_live.register(treatment="laser")
    any_live.clock.move_to(DUE)
    (letter,) = any_live.prepare("slow", any_live.claim("slow")).letters
    assert isinstance(letter.outgoing, OutgoingSms)
    Report("SMfast", "sent", attempt=letter.outgoing.attempt).tell(any_live)
    message = any_live.message(appointment, "first_day")
    assert (message.status, message.provider_id) == (Status.ACCEPTED, "SMfast")
    assert any_live.dispatch(after(DUE, minutes=5)) == {}
    assert any_live.message(appointment, "first_day").status is Status.ACCEPTED


def test_a_report_settles_what_was_unknown_without_asking(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL_AFTER_TAKING)
    assert any_live.dispatch(DUE) == {"unknown": 1}
    token = any_live.message(appointment, "first_day").attempt
    Report(twilio.taken[0].sid, "sent", attempt=token).tell(any_live)
    any_live.dispatch(after(DUE, minutes=30))
    assert any_live.message(appointment, "first_day").status is Status.ACCEPTED
    assert (len(twilio.taken), twilio.questions) == (1, 0)


def test_a_report_keeps_what_was_taken_for_lost_from_being_sent_twice(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script += [FAIL, refuse(429, 20429)]
    any_live.dispatch(DUE)
    lost = any_live.message(appointment, "first_day").attempt
    for minutes in (2, 5):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert any_live.message(appointment, "first_day").status is Status.SCHEDULED
    Report("SMlost", "sent", attempt=lost).tell(any_live)
    assert any_live.message(appointment, "first_day").status is Status.ACCEPTED
    assert any_live.dispatch(after(DUE, hours=1)) == {}
    assert twilio.taken == []


def test_of_an_older_hand_over_only_good_news_counts(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL)
    any_live.dispatch(DUE)
    older = any_live.message(appointment, "first_day").attempt
    for minutes in (2, 5):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert len(twilio.taken) == 1
    Report("SMolder", "undelivered", "30003", attempt=older).tell(any_live)
    message = any_live.message(appointment, "first_day")
    assert (message.status, message.provider_id) == (Status.ACCEPTED, twilio.taken[0].sid)
    with any_live.store.read() as tx:
        first, second = attempts_of(tx, message.id)
    assert (first.outcome, first.error_code) == (Status.UNDELIVERED, "30003")
    assert second.outcome is Status.ACCEPTED
    Report("SMolder", "delivered", attempt=older).tell(any_live)
    assert any_live.message(appointment, "first_day").status is Status.DELIVERED


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("undelivered", "30003", "(30003: the phone is off or out of reach)"),
        ("undelivered", "30006", "(30006: it is a landline, or its carrier takes no SMS)"),
        ("failed", "30034", "(30034: the sender is not registered for A2P 10DLC)"),
        ("undelivered", "39999", "(39999: look the code up at twilio.com/docs/api/errors)"),
        ("undelivered", "", "(Twilio gave no reason)"),
    ],
)
def test_what_did_not_arrive_falls_over_to_the_other_channel_and_says_why(
    any_live: House, smtp: SmtpServer, status: str, code: str, words: str
) -> None:
    appointment, sid, token = sent_sms(any_live, "check", "peel")
    before = len(smtp.delivered_to(MAIL))
    any_live.clock.move_to(after(CHECK, minutes=1))
    Report(sid, status, code, attempt=token).tell(any_live)
    assert any_live.message(appointment, "check").status == status
    assert any_live.why(appointment, "check").endswith(f"the provider could not deliver it {words}.")
    assert any_live.dispatch(after(CHECK, minutes=1)) == {"sent": 1}
    Report(sid, status, code, attempt=token).tell(any_live)
    assert any_live.dispatch(after(CHECK, minutes=2)) == {}
    assert len(smtp.delivered_to(MAIL)) == before + 1


def test_bad_news_that_comes_when_nothing_helps_any_more_is_only_recorded(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live, "check", "peel")
    any_live.clock.move_to(after(CHECK, days=800))
    Report(sid, "undelivered", "30003", attempt=token).tell(any_live)
    assert any_live.message(appointment, "check").status is Status.UNDELIVERED
    assert ("check", EMAIL) not in any_live.messages(appointment)


def test_good_news_counts_years_late(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live)
    any_live.clock.move_to(after(DUE, days=1200))
    Report(sid, "delivered", attempt=token).tell(any_live)
    assert any_live.message(appointment, "first_day").status is Status.DELIVERED


def test_a_stop_that_is_reported_later_is_recorded_for_the_number_it_was_sent_to(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live, "check", "peel")
    Report(sid, "failed", "21610", attempt=token).tell(any_live)
    with any_live.store.read() as tx:
        assert is_stopped(tx, "north", SMS, PHONE)
        attempt = attempts_of(tx, any_live.message(appointment, "check").id)[-1]
    assert (attempt.error_kind, attempt.error_code) == (ErrorKind.OPT_OUT, "21610")
    any_live.dispatch(after(CHECK, minutes=1))
    assert any_live.message(appointment, "check", EMAIL).status is Status.ACCEPTED
    any_live.dispatch(after(CHECK, days=1))
    assert any_live.message(appointment, "tips").status is Status.SUPPRESSED


@pytest.mark.parametrize(
    "report",
    [
        Report("SMnobody", "delivered"),
        Report("SMnobody", "delivered", attempt="not-a-token"),
        Report("SMnobody", "partially_delivered"),
        Report("", "delivered"),
        Report("SMnobody", ""),
    ],
)
def test_what_is_not_about_us_is_kept_and_changes_nothing(any_live: House, report: Report) -> None:
    appointment, _, _ = sent_sms(any_live)
    before = any_live.message(appointment, "first_day")
    report.tell(any_live)
    assert any_live.message(appointment, "first_day") == before
    with any_live.store.read() as tx:
        (kept,) = tx.connection.execute(sa.select(provider_events)).all()
    assert kept.handled_at is not None


def test_a_status_that_is_not_known_changes_nothing(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live)
    before = any_live.message(appointment, "first_day")
    Report(sid, "teleported", attempt=token).tell(any_live)
    assert any_live.message(appointment, "first_day") == before


def test_what_was_stored_before_a_crash_is_worked_on_by_the_next_pass(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live)
    Report(sid, "delivered", attempt=token).store(any_live)
    assert any_live.message(appointment, "first_day").status is Status.ACCEPTED
    any_live.dispatch(after(DUE, seconds=1))
    assert any_live.message(appointment, "first_day").status is Status.DELIVERED


def test_a_report_that_can_not_be_opened_stops_no_other(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live)
    Report("SMbroken", "delivered").store(any_live)
    with any_live.store.write() as tx:
        tx.connection.execute(sa.update(provider_events).values(payload_sealed=b"broken"))
    Report(sid, "delivered", attempt=token).tell(any_live)
    assert any_live.message(appointment, "first_day").status is Status.DELIVERED


def test_reports_leave_no_number_in_the_log_and_none_in_the_database(live: House) -> None:
    _, sid, token = sent_sms(live)
    with capture_logs() as lines:
        Report(sid, "undelivered", "30003", attempt=token).tell(live)
        callbacks(live).check_status("", {}, b"To=%2B14165550123")
    assert [line["event"] for line in lines] == ["receipt.taken", "webhook.refused"]
    assert PHONE.lstrip("+") not in str(lines)
    assert PHONE.lstrip("+").encode() not in (live.settings.data_dir / "aftercare.db").read_bytes()


def test_reports_that_are_worked_on_at_the_same_time_end_in_the_weightiest(any_live: House) -> None:
    appointment, sid, token = sent_sms(any_live)
    for status in ("sending", "sent", "undelivered", "delivered", "read", "queued", "failed"):
        Report(sid, status, attempt=token).store(any_live)
    with ThreadPoolExecutor(4) as threads:
        handled = [threads.submit(callbacks(any_live).receipts.handle) for _ in range(4)]
        assert sum(it.result() for it in handled) == 7
    message = any_live.message(appointment, "first_day")
    with any_live.store.read() as tx:
        path = [it.to_status for it in events_of_message(tx, message.id) if it.to_status in PROOF]
    assert message.status is Status.DELIVERED
    assert path == sorted(set(path), key=PROOF.index)


def test_what_arrived_after_all_is_not_said_again_on_the_other_channel(any_live: House, smtp: SmtpServer) -> None:
    appointment, sid, token = sent_sms(any_live, "check", "peel")
    for status in ("undelivered", "delivered"):
        Report(sid, status, attempt=token, code="30005" if status == "undelivered" else "").tell(any_live)
    assert any_live.message(appointment, "check", SMS).status is Status.DELIVERED
    assert any_live.message(appointment, "check", EMAIL).status is Status.CANCELLED
    assert any_live.why(appointment, "check", EMAIL).endswith("it reached the patient on another channel after all.")
    before = len(smtp.delivered_to(MAIL))
    any_live.dispatch(after(CHECK, minutes=1))
    assert len(smtp.delivered_to(MAIL)) == before
