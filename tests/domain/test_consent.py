from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.consent import Answer, Answers, Entry, Verdict, consent_for, entries_at_registration
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.reasons import sentence
from tests.domain.samples import MADRID

DAY = datetime(2026, 3, 2, tzinfo=UTC)
USUAL = {Purpose.CARE: True, Purpose.RECALL: True, Purpose.MARKETING: False}
G, R, AG, AR = Verdict.GRANTED, Verdict.REVOKED, Verdict.ASSUMED_GRANTED, Verdict.ASSUMED_REFUSED


def ledger(*verdicts: Verdict, purpose: Purpose = Purpose.CARE, source: str = "registration") -> list[Entry]:
    """Entries of SMS, a day apart."""
    return [
        Entry(Channel.SMS, purpose, verdict, DAY + timedelta(days=number), source)
        for number, verdict in enumerate(verdicts)
    ]


def reason(entries: Sequence[Entry], purpose: Purpose = Purpose.CARE, *, stopped: bool = False) -> str | None:
    refused = consent_for(Channel.SMS, purpose, entries, stopped=stopped, when_unknown=USUAL).refused
    return refused.code if refused else None


@pytest.mark.parametrize(
    ("verdicts", "stopped", "refused"),
    [
        ([], False, None),
        ([G], False, None),
        ([R], False, "consent_refused"),
        ([AG], False, None),
        ([AR], False, "consent_unknown"),
        ([G, R], False, "consent_refused"),
        ([R, G], False, None),
        ([R, AG], False, "consent_refused"),
        ([G, AR], False, None),
        ([AR, G], False, None),
        ([AG, AR], False, "consent_unknown"),
        ([G], True, "stopped"),
        ([], True, "stopped"),
    ],
)
def test_a_stop_wins_over_all_the_latest_word_over_the_earlier_and_any_word_over_an_assumption(
    verdicts: list[Verdict], stopped: bool, refused: str | None
) -> None:
    assert reason(ledger(*verdicts), stopped=stopped) == refused


def test_without_an_entry_the_clinic_says_what_unknown_means_per_purpose() -> None:
    assert {purpose: reason([], purpose) for purpose in Purpose} == {
        Purpose.CARE: None,
        Purpose.RECALL: None,
        Purpose.MARKETING: "consent_unknown",
    }


def test_a_purpose_that_the_clinic_does_not_speak_of_is_refused() -> None:
    assert not consent_for(Channel.SMS, Purpose.CARE, [], stopped=False, when_unknown={}).given


def test_an_entry_counts_for_its_channel_and_purpose_only() -> None:
    revoked = ledger(R, purpose=Purpose.RECALL)
    assert reason(revoked, Purpose.RECALL) == "consent_refused"
    assert reason(revoked, Purpose.CARE) is None
    assert consent_for(Channel.EMAIL, Purpose.RECALL, revoked, stopped=False, when_unknown=USUAL).given


def test_of_two_entries_at_the_same_instant_the_one_later_in_the_ledger_counts() -> None:
    grant, revoke = (Entry(Channel.SMS, Purpose.CARE, verdict, DAY, "form") for verdict in (G, R))
    assert reason([grant, revoke]) == "consent_refused"
    assert reason([revoke, grant]) is None


def test_refusals_are_sentences() -> None:
    refused = [
        consent_for(Channel.SMS, Purpose.CARE, ledger(R), stopped=False, when_unknown=USUAL).refused,
        consent_for(Channel.SMS, Purpose.MARKETING, [], stopped=False, when_unknown=USUAL).refused,
        consent_for(Channel.EMAIL, Purpose.CARE, [], stopped=True, when_unknown=USUAL).refused,
    ]
    assert [sentence([one], MADRID) for one in refused if one] == [
        "The patient did not agree to care messages by SMS.",
        "Consent to marketing messages by SMS is not known, which this clinic takes as no.",
        "The patient stopped messages to this email address.",
    ]


def entered(answers: Answers, known: Sequence[Entry] = ()) -> dict[tuple[Channel, Purpose], Verdict]:
    entries = entries_at_registration(answers, known, at=DAY, when_unknown=USUAL)
    return {(entry.channel, entry.purpose): entry.verdict for entry in entries}


def test_care_and_recall_follow_the_channel_and_what_is_unknown_is_entered_as_assumed() -> None:
    assert entered(Answers(sms=Answer.YES, email=Answer.NO)) == {
        (Channel.SMS, Purpose.CARE): G,
        (Channel.SMS, Purpose.RECALL): G,
        (Channel.SMS, Purpose.MARKETING): AR,
        (Channel.EMAIL, Purpose.CARE): R,
        (Channel.EMAIL, Purpose.RECALL): R,
        (Channel.EMAIL, Purpose.MARKETING): R,
    }
    assert entered(Answers())[Channel.SMS, Purpose.CARE] is AG


@pytest.mark.parametrize(("channel", "marketing"), list(product(Answer, Answer)))
def test_marketing_needs_the_channel_and_its_own_consent(channel: Answer, marketing: Answer) -> None:
    verdict = entered(Answers(sms=channel, marketing=marketing))[Channel.SMS, Purpose.MARKETING]
    if Answer.NO in (channel, marketing):
        assert verdict is R
    elif (channel, marketing) == (Answer.YES, Answer.YES):
        assert verdict is G
    else:
        assert verdict is AR


def test_an_assumption_is_never_entered_over_anything() -> None:
    everything = entries_at_registration(Answers(Answer.YES, Answer.YES, Answer.YES), (), at=DAY, when_unknown=USUAL)
    assert entered(Answers(), everything) == {}


def test_a_yes_at_registration_does_not_lift_what_the_patient_revoked_elsewhere() -> None:
    assert (Channel.SMS, Purpose.CARE) not in entered(Answers(sms=Answer.YES), ledger(R, source="patient"))
    assert entered(Answers(sms=Answer.YES), ledger(R))[Channel.SMS, Purpose.CARE] is G


def test_a_no_at_registration_counts_whatever_was_granted_elsewhere() -> None:
    assert entered(Answers(sms=Answer.NO), ledger(G, source="patient"))[Channel.SMS, Purpose.CARE] is R


answers = st.builds(Answers, *[st.sampled_from(Answer)] * 3)


@given(answers, answers)
def test_registering_the_same_answers_again_adds_nothing(first: Answers, second: Answers) -> None:
    known = entries_at_registration(first, (), at=DAY, when_unknown=USUAL)
    known += entries_at_registration(second, known, at=DAY + timedelta(days=1), when_unknown=USUAL)
    assert entries_at_registration(second, known, at=DAY + timedelta(days=2), when_unknown=USUAL) == ()
