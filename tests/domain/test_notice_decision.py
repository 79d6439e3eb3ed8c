from datetime import UTC, datetime, timedelta

import pytest

from scheduler.domain.brakes import Pause, Scope
from scheduler.domain.notice import HELP_ANSWER, MessageKind, is_stop_confirmation
from scheduler.domain.notice_decision import NoticeSituation, decide_notice
from scheduler.domain.protocol import Channel
from scheduler.domain.situation import Kind
from scheduler.domain.states import Brake

NOW = datetime(2026, 3, 18, 3, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=12)
PAUSED = {Channel.SMS: Pause(Scope(), by="ann", at=NOW)}
REFUSED = {Channel.SMS: "Twilio: account suspended (20005)"}


def notice(
    kind: MessageKind, origin: str = "reply/1/answer", template: str = "answer_fine", **more: object
) -> NoticeSituation:
    return NoticeSituation(kind, origin, template, Channel.SMS, UNTIL, **more)  # type: ignore[arg-type]  # by their names


@pytest.mark.parametrize("kind", [MessageKind.ANSWER, MessageKind.ALERT])
def test_a_notice_goes_out_at_once_whatever_the_hour(kind: MessageKind) -> None:
    assert decide_notice(notice(kind), now=NOW).kind is Kind.SEND


@pytest.mark.parametrize("kind", [MessageKind.ANSWER, MessageKind.ALERT])
def test_a_notice_that_no_longer_helps_expires(kind: MessageKind) -> None:
    decision = decide_notice(notice(kind, stopped=True), now=UNTIL)
    assert (decision.kind, decision.reasons[0].code) == (Kind.EXPIRE, "not_useful")


def test_an_answer_keeps_a_stop_but_for_the_one_that_confirms_it() -> None:
    stopped = decide_notice(notice(MessageKind.ANSWER, stopped=True), now=NOW)
    assert (stopped.kind, stopped.reasons[0].code) == (Kind.SUPPRESS, "stopped")
    assert decide_notice(notice(MessageKind.ANSWER, "reply/1/stopped", stopped=True), now=NOW).kind is Kind.SEND


def test_who_asks_for_help_is_answered_after_a_stop_but_not_in_a_pause() -> None:
    assert decide_notice(notice(MessageKind.ANSWER, template=HELP_ANSWER, stopped=True), now=NOW).kind is Kind.SEND
    assert decide_notice(notice(MessageKind.ANSWER, template=HELP_ANSWER, paused=PAUSED), now=NOW).kind is Kind.WAIT


@pytest.mark.parametrize(
    ("origin", "confirms"),
    [("reply/1/stopped", True), ("reply/1/answer", False), ("alert/1/1/stopped", False), ("desk/1/stopped", False)],
)
def test_only_a_replys_own_confirmation_passes_a_stop(origin: str, *, confirms: bool) -> None:
    assert is_stop_confirmation(origin) is confirms


def test_staff_are_told_whatever_is_stopped_or_paused() -> None:
    ring = notice(MessageKind.ALERT, "alert/1/1/sms", stopped=True, paused=PAUSED)
    assert decide_notice(ring, now=NOW).kind is Kind.SEND


def test_a_ring_of_an_alert_that_somebody_took_is_left_out() -> None:
    decision = decide_notice(notice(MessageKind.ALERT, "alert/1/2/sms", over=True), now=NOW)
    assert (decision.kind, decision.reasons[0].code) == (Kind.SUPPRESS, "alert_over")


def test_an_answer_waits_for_the_end_of_a_pause_while_it_helps() -> None:
    decision = decide_notice(notice(MessageKind.ANSWER, paused=PAUSED), now=NOW)
    assert (decision.kind, decision.brake, decision.at) == (Kind.WAIT, Brake.PAUSE, UNTIL)


@pytest.mark.parametrize("kind", [MessageKind.ANSWER, MessageKind.ALERT])
def test_what_the_provider_refuses_waits_for_it(kind: MessageKind) -> None:
    decision = decide_notice(notice(kind, refusing=REFUSED), now=NOW)
    assert (decision.kind, decision.brake) == (Kind.WAIT, Brake.CIRCUIT)
    assert decision.at
    assert NOW < decision.at <= UNTIL


@pytest.mark.parametrize("kind", [MessageKind.ANSWER, MessageKind.ALERT])
def test_a_text_that_can_not_be_rendered_is_looked_at_again_while_it_helps(kind: MessageKind) -> None:
    decision = decide_notice(notice(kind, template_error="sms.txt:1: there is no such text"), now=NOW)
    assert (decision.kind, decision.reasons[0].code) == (Kind.MEND, "no_template")


def test_who_wrote_for_help_is_told_whom_to_call_whatever_is_stopped_or_paused() -> None:
    kept = notice(MessageKind.ANSWER, template="answer_urgent", stopped=True, paused=PAUSED)
    assert decide_notice(kept, now=NOW).kind is Kind.SEND


@pytest.mark.parametrize("kind", [MessageKind.ANSWER, MessageKind.ALERT])
def test_what_has_no_sender_any_more_waits_until_the_clinics_file_is_mended(kind: MessageKind) -> None:
    decision = decide_notice(notice(kind, sent_from=False), now=NOW)
    assert (decision.kind, decision.reasons[0].code) == (Kind.MEND, "no_sender")
