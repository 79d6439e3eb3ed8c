"""Whatever is written to us: it is kept, nothing breaks, and nobody is answered twice."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain.automatic import is_automatic
from scheduler.domain.consequences import MOST_ANSWERS, Heard, Keyword, Who, consequences
from scheduler.domain.triage import Triage
from scheduler.services.asking import Writer
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.replies import get_reply
from tests.services.house import PHONE, REGISTERED, WORDS, House, configuration
from tests.services.texting import NORTH, Text, answers, replies

SPICE = (
    *("1", "2", "3", "STOP", "stop", "START", "YES", "HELP", "fever", "no", "pus", "wrong number", "not ", "merci"),
    *("?", "!", ",", ".", "\n", "\x00", "\ufeff", "\u202e", "\u200d", "👍", "😡", "é", "ß", "\u0661", "38.5", "°"),
    *("{{ 7*7 }}", "<script>", "';--", "%s", "\\", "(" * 9, "automatic reply", "parar", "arrêt"),
)
HOSTILE = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(SPICE), max_size=12).map(" ".join),
    st.lists(st.sampled_from(SPICE), max_size=12).map("".join),
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Mn", "So", "Zs"]), max_size=60),
    st.sampled_from(SPICE).map(lambda it: it * 400),
)
SENDERS = st.sampled_from(
    [PHONE, "+14165550188", "+14165550111", "+34600000000", "12345", "TWILIO", "whatsapp:+1", ""]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(SENDERS, HOSTILE), min_size=1, max_size=6))
def test_whatever_is_written_is_kept_as_it_is_and_answered_at_most_once(
    live: House, said: Sequence[tuple[str, str]]
) -> None:
    known = len(replies(live))
    for sender, body in said:
        reply = Text(body, sender=sender).send(live)
        assert (reply.body, reply.sender) == (body, sender)
    assert len(replies(live)) == min(known + len(said), 100)
    of_replies = [it.reply_id for it in answers(live)]
    assert len(of_replies) == len(set(of_replies))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(alphabet=st.characters(), max_size=50).map(lambda it: it + "\ud800"))
def test_half_a_pair_of_utf_16_is_kept_as_a_question_mark(house: House, body: str) -> None:
    desk = ReplyDesk(house.configuration, WORDS, "test")
    clinic = house.configuration.clinic("north")
    with house.store.write() as tx:
        incoming = Incoming(f"page/{hash(body)}", "sms", PHONE, NORTH, "", body, REGISTERED)
        taken = desk.take_in(tx, incoming, now=REGISTERED, writer=Writer(Who.UNKNOWN, clinic, (clinic,), ()))
        kept = get_reply(tx, taken.reply_id).body if taken else "?"
    assert kept.endswith("?")


HEARD = st.builds(
    Heard,
    triage=st.sampled_from(Triage),
    who=st.sampled_from(Who),
    stops=st.booleans(),
    keyword=st.none() | st.sampled_from(Keyword),
    clinic=st.booleans(),
    asked=st.booleans(),
    media=st.booleans(),
    automatic=st.booleans(),
    same=st.booleans(),
    answers=st.integers(0, 5),
    alerts=st.integers(0, 12),
    waits=st.booleans(),
    told_wrong=st.booleans(),
    told_urgent=st.booleans(),
    stopped=st.booleans(),
    on_page=st.booleans(),
    asks=st.booleans(),
    reachable=st.booleans(),
)


@settings(max_examples=2000, deadline=None)
@given(heard=HEARD)
def test_what_follows_keeps_the_rules_whatever_comes_together(heard: Heard) -> None:
    follows = consequences(heard)
    assert (follows.answer is None) == (follows.silent is not None)
    ours_again = heard.who is Who.OURS and heard.automatic
    if heard.triage is Triage.URGENT and heard.who is not Who.STAFF and not ours_again:
        assert follows.alert == "urgent"
    if follows.answer:
        assert heard.answers < MOST_ANSWERS or (follows.answer == "answer_urgent" and not heard.told_urgent)
        assert not heard.automatic
        assert not heard.same
        assert heard.keyword is None
        assert heard.reachable
        assert heard.who not in (Who.OURS, Who.STAFF)
    if follows.answer == "answer_fine":
        assert (heard.triage, heard.media) == (Triage.FINE, False)
    if follows.follows:
        assert heard.who is Who.KNOWN
    if (heard.stops or heard.triage is Triage.WRONG_NUMBER) and heard.who is not Who.OURS:
        assert follows.change in ("stop", "wrong_number")


@settings(max_examples=500, deadline=None)
@given(body=HOSTILE)
def test_whatever_is_written_is_read_without_a_fault_and_known_when_it_comes_back(body: str) -> None:
    verdict = ReplyDesk(configuration(), WORDS, "test").read(body)
    assert verdict.triage in Triage
    assert is_automatic(body, [body])


@pytest.mark.long
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=st.lists(st.tuples(st.integers(0, 10**6), HOSTILE), min_size=100, max_size=100))
def test_of_ten_thousand_texts_none_breaks_anything_and_none_is_answered_twice(
    house: House, said: Sequence[tuple[int, str]]
) -> None:
    desk = ReplyDesk(house.configuration, WORDS, "test")
    before = len(answers(house))
    answering = 0
    for n, (number, body) in enumerate(said):
        sender = f"+1416{number:07d}"
        incoming = Incoming(f"SM{before}/{n}/{number}/{hash(body)}", "sms", sender, NORTH, "", body, REGISTERED)
        for _ in range(2):
            with house.store.write() as tx:
                taken = desk.take_in(tx, incoming, now=REGISTERED)
            answering += bool(taken and taken.answer)
    assert len(answers(house)) - before == answering <= len(said)
