"""What a reply asks of us: an answer, a person, a change of consent, another check. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, because
from scheduler.domain.triage import Triage

MOST_ANSWERS = 3
"""How many answers a number gets in 24 hours, at most: two machines that answer each other end there."""
MOST_ALERTS = 10
"""How many texts of a number are told of in 24 hours that say nothing, while an alert about it is open."""


class Who(StrEnum):
    """Whose number a reply came from."""

    KNOWN = "known"
    """One patient's of the clinic."""
    SHARED = "shared"
    """Several patients': which of them wrote is never guessed."""
    UNKNOWN = "unknown"
    """No patient's of the clinic, or no clinic is known for it."""
    STAFF = "staff"
    """Somebody's who is on call, and no patient's."""
    OURS = "ours"
    """One that this installation itself writes from."""


class Keyword(StrEnum):
    """A word that the provider acts on and answers by itself."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class Change(StrEnum):
    """What becomes of a number's consent."""

    STOP = "stop"
    START = "start"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class Heard:
    """One reply with all that decides what follows from it.

    `keyword`: the provider answers it. `clinic`: whether one is known to answer for. `asked`: whether a question to
    that patient is open. `automatic`, `same`: it looks like a machine's, or like what came from that number within a
    day. `answers`, `alerts`: what that number's replies led to within a day. `waits`: an alert about that number is
    open. `told_wrong`: the number was told once that it gets nothing more. `told_urgent`: it was told within a day
    whom to call. `stopped`: what it would stop is stopped already. `on_page`: given on the patient's page. `asks`: it
    also asks something. `reachable`: a text can go to where it came from. `after_worse`: what the same question was
    answered within a day sounded worse, and this is none of the answers that were offered.
    """

    triage: Triage
    who: Who
    stops: bool = False
    keyword: Keyword | None = None
    clinic: bool = True
    asked: bool = False
    media: bool = False
    automatic: bool = False
    same: bool = False
    answers: int = 0
    alerts: int = 0
    waits: bool = False
    told_wrong: bool = False
    told_urgent: bool = False
    stopped: bool = False
    on_page: bool = False
    asks: bool = False
    reachable: bool = True
    after_worse: bool = False


@dataclass(frozen=True, slots=True)
class Consequences:
    """What is to be done about a reply.

    `answer` is a template, None where `silent` says why. `confirms`: the answer goes out although the number is
    stopped together with it. `alert`: a person is told. `follows`: it answers what was asked, and what the protocol
    has for such an answer is planned; where it has nothing for a concern, a person is told. `joins`: nobody is told
    anew, but whoever looks at the open alert about that number sees it there. `repeats`: it was said before, so that
    it rings only where nobody has been told of that alert for a while.
    """

    answer: str | None
    silent: Reason | None
    confirms: bool
    alert: AlertKind | None
    change: Change | None
    follows: bool
    joins: bool = False
    repeats: bool = False


def consequences(heard: Heard) -> Consequences:
    """Decide what follows from a reply.

    1. What sounds bad reaches a person, whatever else holds, unless it is who is on call that wrote, or our own text
       that came back to a number of ours.
    2. A wish to stop or start counts whoever wrote, but for our own numbers.
    3. At most one answer: none where the provider answers, none to machines, few to one number. Whom to call when it
       is bad is said all the same, to a number once a day.
    """
    change = _change(heard)
    silent = _silence(heard, change)
    answer = None if silent else _answer(heard, change)
    if answer is None:
        silent = silent or because("not_answered_stranger")
    alert = _alert(heard)
    repeats = alert is None and _is_said_again(heard)
    return Consequences(
        answer=answer,
        silent=silent,
        confirms=answer is not None and change in (Change.STOP, Change.WRONG_NUMBER),
        alert=alert,
        change=change,
        follows=_follows(heard),
        joins=repeats or (alert is None and (_is_flood(heard) or _may_be_thanks(heard))),
        repeats=repeats,
    )


def _change(heard: Heard) -> Change | None:
    if heard.who is Who.OURS:
        return None
    if heard.triage is Triage.WRONG_NUMBER:
        return Change.WRONG_NUMBER
    if heard.keyword is Keyword.STOP or heard.stops or heard.triage is Triage.STOP:
        return Change.STOP
    if heard.keyword is Keyword.START or heard.triage is Triage.START:
        return Change.START
    return None


def _silence(heard: Heard, change: Change | None) -> Reason | None:
    """Return why nothing is answered: the first of these that holds."""
    urgent = heard.triage is Triage.URGENT
    helps = urgent and not heard.told_urgent  # who has asked much may be in need all the same
    silences = (
        (_may_be_thanks(heard), "not_answered_thanks"),
        (heard.on_page, "not_answered_page"),
        (heard.keyword is not None, "not_answered_provider"),
        (heard.who is Who.OURS, "not_answered_own"),
        (heard.who is Who.STAFF, "not_answered_staff"),
        (not heard.reachable, "not_answered_unreachable"),
        (not heard.clinic, "not_answered_clinic"),
        (heard.automatic, "not_answered_automatic"),
        (heard.same, "not_answered_same"),
        (heard.answers >= MOST_ANSWERS and not helps, "not_answered_often"),
        (heard.stopped and change is Change.STOP and not urgent, "not_answered_stopped"),
        (heard.triage is Triage.WRONG_NUMBER and heard.told_wrong, "not_answered_told"),
    )
    code = next((code for holds, code in silences if holds), None)
    return because(code, count=str(heard.answers)) if code else None


def _answer(heard: Heard, change: Change | None) -> str | None:
    """Return the template of the answer. A stranger is only told what to do when it sounds bad, and of a stop."""
    if heard.triage is Triage.URGENT:
        return "answer_urgent"
    if change is Change.WRONG_NUMBER:
        return "answer_wrong_number"
    if change is Change.STOP:
        return "answer_stopped"
    if heard.who is Who.UNKNOWN:
        return None
    if heard.triage is Triage.FINE and heard.media:  # a picture may say otherwise
        return "answer_unknown"
    return _ANSWERS[heard.triage]


_ANSWERS = {
    Triage.CONCERN: "answer_concern",
    Triage.FINE: "answer_fine",
    Triage.QUESTION: "answer_question",
    Triage.HELP: "answer_help",
    Triage.START: "answer_started",
    Triage.UNKNOWN: "answer_unknown",
}
_ASKS_A_PERSON = (Triage.CONCERN, Triage.QUESTION, Triage.HELP)


def _alert(heard: Heard) -> AlertKind | None:
    if heard.who is Who.STAFF:  # whom an alert would go to
        return None
    if heard.who is Who.OURS and heard.automatic:  # a ring that came back: telling of it would ring again
        return None
    if heard.triage is Triage.URGENT:
        return AlertKind.URGENT
    if heard.who is Who.OURS or _is_said_again(heard) or _is_flood(heard):
        return None
    if heard.triage is Triage.WRONG_NUMBER and heard.who is not Who.UNKNOWN:
        return AlertKind.WRONG_NUMBER
    return AlertKind.REPLY if _needs_a_person(heard) else None


def _is_said_again(heard: Heard) -> bool:
    """Whether these words wait for a person already."""
    return heard.same and heard.waits and heard.who not in (Who.STAFF, Who.OURS)


def _may_be_thanks(heard: Heard) -> bool:
    """Whether it is perhaps a kind word for our answer to something bad: "Great, thanks" says nothing of the skin.

    The page asked anew: what is chosen there is meant.
    """
    known = heard.who in (Who.KNOWN, Who.SHARED)
    return known and heard.triage is Triage.FINE and heard.after_worse and not (heard.media or heard.on_page)


def _is_flood(heard: Heard) -> bool:
    """Whether it says nothing new to whoever is told of that number: what asks for a person is never kept back."""
    says_nothing = heard.triage in (Triage.UNKNOWN, Triage.FINE) and not heard.media and not heard.stops
    return says_nothing and heard.waits and heard.alerts >= MOST_ALERTS


def _needs_a_person(heard: Heard) -> bool:
    if heard.media:
        return True
    if heard.keyword or heard.triage in (Triage.STOP, Triage.START):
        # The provider answers HELP with how to stop: of who was asked how it is, it may be a cry.
        return heard.keyword is Keyword.HELP and heard.asked
    if heard.automatic:
        return heard.triage in _ASKS_A_PERSON
    if heard.stops or heard.who is not Who.KNOWN:
        return True
    if heard.triage is Triage.CONCERN:
        return heard.asks or not heard.asked
    closed = heard.on_page and not heard.asked  # the page did ask: it closed before the answer came
    return closed or heard.triage is not Triage.FINE


def _follows(heard: Heard) -> bool:
    if not heard.asked or heard.who is not Who.KNOWN or heard.automatic:
        return False
    return not (heard.triage is Triage.FINE and (heard.media or _may_be_thanks(heard)))
