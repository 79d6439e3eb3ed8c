"""What a stop, a START, a wish and a word to staff add to a ledger."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.consent import (
    Answer,
    Answers,
    Entry,
    Source,
    Verdict,
    consent_for,
    entries_at_registration,
    valid_entry,
)
from scheduler.domain.ledger import entries_as_said, entries_as_wished, entries_at_start, entries_at_stop
from scheduler.domain.protocol import Channel, Purpose

DAY = datetime(2026, 3, 2, tzinfo=UTC)
SMS, EMAIL = Channel.SMS, Channel.EMAIL
CARE, RECALL, MARKETING = Purpose
G, R, AG, AR = Verdict.GRANTED, Verdict.REVOKED, Verdict.ASSUMED_GRANTED, Verdict.ASSUMED_REFUSED
USUAL = {CARE: True, RECALL: True, MARKETING: False}


def registered(sms: Answer = Answer.YES, marketing: Answer = Answer.UNKNOWN) -> tuple[Entry, ...]:
    return entries_at_registration(Answers(sms=sms, marketing=marketing), (), at=DAY, when_unknown=USUAL)


def stopped(ledger: Sequence[Entry], day: int = 1, *, is_new: bool = True) -> tuple[Entry, ...]:
    at = DAY + timedelta(days=day)
    return (*ledger, *entries_at_stop(SMS, ledger, is_new=is_new, at=at, source=Source.REPLY))


def started(ledger: Sequence[Entry], stop: int | None = 1, day: int = 9) -> tuple[Entry, ...]:
    at = DAY + timedelta(days=day)
    stopped_at = None if stop is None else DAY + timedelta(days=stop)
    return (*ledger, *entries_at_start(SMS, ledger, stopped_at=stopped_at, at=at, source=Source.REPLY))


def wished(ledger: Sequence[Entry], purpose: Purpose, wish: bool, day: int = 5) -> tuple[Entry, ...]:
    at = DAY + timedelta(days=day)
    return (*ledger, *entries_as_wished({(SMS, purpose): wish}, ledger, lifted=(), at=at, source=Source.PAGE))


def standing(ledger: Sequence[Entry], channel: Channel = SMS) -> list[Verdict | None]:
    """Return what counts for care, recall and marketing."""
    found = [valid_entry(ledger, channel, purpose) for purpose in Purpose]
    return [entry.verdict if entry else None for entry in found]


def test_a_stop_revokes_every_purpose_of_its_channel_and_no_other() -> None:
    assert standing(stopped(registered())) == [R, R, R]
    assert standing(stopped(registered()), EMAIL) == [AG, AG, AR]


def test_a_stop_that_is_repeated_adds_nothing() -> None:
    once = stopped(registered())
    assert stopped(once, 2, is_new=False) == once


def test_who_shares_the_address_since_the_stop_is_entered_with_the_next_one() -> None:
    assert standing(stopped(registered(), is_new=False)) == [R, R, R]


@pytest.mark.parametrize("said", Answer)
def test_no_registration_lifts_what_a_stop_revoked(said: Answer) -> None:
    ledger = stopped(registered(Answer.NO))
    more = entries_at_registration(Answers(said, said, said), ledger, at=DAY + timedelta(days=3), when_unknown=USUAL)
    assert standing((*ledger, *more)) == [R, R, R]


def test_a_start_brings_care_and_recall_back_and_no_marketing_that_was_not_granted() -> None:
    assert standing(started(stopped(registered()))) == [G, G, R]


def test_a_start_brings_back_marketing_that_was_granted_when_the_stop_came() -> None:
    assert standing(started(stopped(registered(marketing=Answer.YES)))) == [G, G, G]


def test_marketing_that_was_refused_or_assumed_before_the_stop_stays_away_at_a_start() -> None:
    assert standing(started(stopped(registered(marketing=Answer.NO)))) == [G, G, R]
    assumed = [Entry(SMS, MARKETING, AG, DAY, "registration")]
    assert standing(started(stopped(assumed)))[2] is R
    turned_off = wished(registered(marketing=Answer.YES), MARKETING, wish=False, day=0)
    assert standing(started(stopped(turned_off)))[2] is R


def test_marketing_that_was_on_before_a_stop_repeated_in_other_words_comes_back() -> None:
    twice = stopped(stopped(registered(marketing=Answer.YES)), 2, is_new=False)
    assert standing(started(twice)) == [G, G, G]


def test_recalls_that_the_patient_had_turned_off_alone_stay_off_at_a_start() -> None:
    off = wished(registered(), RECALL, wish=False, day=0)
    assert standing(started(stopped(off))) == [G, R, R]


def test_a_start_counts_over_a_no_at_registration() -> None:
    assert standing(started(registered(Answer.NO), stop=None)) == [G, G, R]


def test_a_start_is_on_record_where_consent_was_only_assumed_and_adds_nothing_the_second_time() -> None:
    once = started(registered(Answer.UNKNOWN), stop=None)
    assert standing(once) == [G, G, AR]
    assert started(once, stop=None, day=10) == once


def test_of_a_form_only_what_was_changed_is_on_record() -> None:
    ledger = registered(Answer.UNKNOWN)
    assert wished(ledger, CARE, wish=True) == ledger
    assert wished(ledger, MARKETING, wish=False) == ledger
    assert standing(wished(ledger, CARE, wish=False)) == [R, AG, AR]
    assert standing(wished(ledger, MARKETING, wish=True)) == [AG, AG, G]


def test_a_yes_that_lifts_a_stop_is_on_record_whatever_the_ledger_said() -> None:
    ledger = registered()
    (line,) = entries_as_wished({(SMS, CARE): True}, ledger, lifted={SMS}, at=DAY, source=Source.PAGE)
    assert (line.verdict, line.source) == (G, "page")


def test_a_word_to_staff_is_entered_once_and_counts_over_registrations() -> None:
    ledger = registered(Answer.NO)
    (refused,) = entries_as_said(R, [SMS], [CARE], ledger, at=DAY, source=Source.STAFF)
    assert refused.source == "staff"
    assert entries_as_said(R, [SMS], [CARE], [*ledger, refused], at=DAY, source=Source.STAFF) == ()
    (granted,) = entries_as_said(G, [SMS], [CARE], [*ledger, refused], at=DAY, source=Source.STAFF)
    assert standing([*ledger, refused, granted])[0] is G


said = st.sampled_from(["stop", "stop again", "start", "care on", "care off", "recall off", "marketing on"])


@given(st.sampled_from(list(Answer)), st.sampled_from(list(Answer)), st.lists(said, max_size=8))
def test_whatever_is_said_a_stop_refuses_all_and_marketing_comes_only_from_a_word_for_it(
    sms: Answer, marketing: Answer, words: list[str]
) -> None:
    ledger = registered(sms, marketing)
    asked_for = standing(ledger)[2] is G
    since: int | None = None
    for day, word in enumerate(words, start=1):
        match word:
            case "stop" | "stop again":
                ledger = stopped(ledger, day, is_new=since is None)
                since = since or day
                assert standing(ledger) == [R, R, R]
            case "start":
                ledger, since = started(ledger, since, day), None
                assert standing(ledger)[0] is G
            case _:
                name, wish = word.split()
                asked_for = asked_for or name == "marketing"
                ledger = wished(ledger, Purpose(name), wish == "on", day)
    if not asked_for:
        allowed = consent_for(SMS, MARKETING, ledger, stopped=False, when_unknown=USUAL)
        assert not allowed.given
