"""Takes a reply in: who wrote, what it means, and what follows from it, in the transaction of the caller."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.domain.alert import AlertKind
from scheduler.domain.automatic import is_automatic, plain
from scheduler.domain.consequences import Consequences, Heard, Keyword, Who, consequences
from scheduler.domain.lexicon import Lexicon
from scheduler.domain.protocol import Channel
from scheduler.domain.triage import Triage, Verdict, triage
from scheduler.domain.understood import understood_in
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.asking import Writer, can_be_answered, who_wrote
from scheduler.services.reply_case import Case, Incoming
from scheduler.store.consents import is_stopped
from scheduler.store.database import Tx
from scheduler.store.writers import Lately, hold_number, lately, texts_to

log = get_logger(__name__)

A_DAY = timedelta(hours=24)
LONGEST = 3200
"""Characters of a reply that are read; a text has 1,600 at most. Of a longer one nobody can say that all is well."""
NOTHING = Lately((), 0, 0, waits=False, told_wrong=False, told_urgent=False)

Words = Callable[[], Sequence[Lexicon]]
"""Gives the words of all languages, read when they are needed first."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of something that somebody wrote. `planned`: messages that will ask the patient again."""

    reply_id: int
    triage: Triage
    stops: bool
    answer: str | None
    alert: AlertKind | None
    planned: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReplyDesk:
    """Takes replies in. `by` names this process in events."""

    configuration: Configuration
    words: Words
    by: str

    def take_in(self, tx: Tx, incoming: Incoming, *, now: datetime, writer: Writer | None = None) -> TakenIn | None:
        """Keep a reply and do all that follows from it; None when it was taken in before.

        `writer` where it is known who wrote. The caller holds no row of a patient or a message yet, and commits; then
        the answer goes out, and whoever is on call is told, as soon as the engine is woken.
        """
        incoming = replace(incoming, body=_storable(incoming.body))
        hold_number(tx, incoming.sender)
        writer = writer or self._writer(tx, incoming)
        verdict = _graver(self.read(incoming.body), incoming.ticked)
        language = self._language(incoming, writer, verdict)
        case = Case(self.configuration, self.by, now, incoming, writer, verdict, language)
        heard = self._heard(tx, case)
        follows = consequences(heard)
        reply_id = case.keep(tx, follows)
        if reply_id is None:
            return None
        taken = self._carry_out(tx, case, reply_id, heard, follows)
        _log(case, taken, follows)
        return taken

    def read(self, body: str) -> Verdict:
        """Return the class of a text."""
        verdict = triage(body[:LONGEST], self.words())
        if len(body) > LONGEST and verdict.triage is Triage.FINE:
            return replace(verdict, triage=Triage.UNKNOWN)
        return verdict

    def _chose(self, verdict: Verdict) -> bool:
        """Whether one of the answers that were offered decided, "1" or "one": that is meant for the question."""
        offered = frozenset[str]().union(*(it.answers.get("fine", frozenset()) for it in self.words()))
        return any(plain(word) in offered for word in verdict.because)

    def _language(self, incoming: Incoming, writer: Writer, verdict: Verdict) -> str | None:
        """Return what an answer is to be in: the patient's language, else the reply's own."""
        clinic = writer.answers_for
        if clinic is None or (writer.who is Who.KNOWN and writer.language):
            return writer.language
        spoken = understood_in(incoming.body[:LONGEST], verdict, self.words())
        return spoken if spoken in clinic.languages else writer.language

    def _carry_out(self, tx: Tx, case: Case, reply_id: int, heard: Heard, follows: Consequences) -> TakenIn:
        planned = case.plan(tx) if follows.follows else ()
        alert = follows.alert or _alert_unless(planned, heard, follows)
        case.take_back(tx)
        case.answer(tx, reply_id, follows)
        if alert:
            case.tell(tx, reply_id, alert)
        elif follows.joins:
            case.show(tx, reply_id, repeats=follows.repeats)
        if not case.change(tx, follows.change) and not alert:
            alert = AlertKind.REPLY
            case.tell(tx, reply_id, alert)
        stops = heard.stops or heard.keyword is Keyword.STOP
        return TakenIn(reply_id, heard.triage, stops, follows.answer, alert, planned)

    def _writer(self, tx: Tx, incoming: Incoming) -> Writer:
        receiver, service, at = incoming.receiver, incoming.service, incoming.received_at
        return who_wrote(tx, self.configuration, incoming.sender, receiver=receiver, service=service, at=at)

    def _heard(self, tx: Tx, case: Case) -> Heard:
        incoming, writer, verdict, day = case.incoming, case.writer, case.verdict, case.now - A_DAY
        clinic = writer.clinic.id if writer.clinic else None
        before = lately(tx, incoming.sender, clinic, since=day) if incoming.sender else NOTHING
        ours = texts_to(tx, incoming.sender, since=day) if incoming.sender else ()
        said = plain(incoming.body)
        return Heard(
            triage=verdict.triage,
            who=writer.who,
            stops=verdict.stops,
            keyword=_keyword(tx, case),
            clinic=writer.answers_for is not None,
            asked=writer.question is not None,
            media=incoming.media > 0,
            automatic=not incoming.on_page and is_automatic(incoming.body, ours, verdict.triage),
            same=_may_be_same(case) and any(said == plain(it) for it in before.bodies),
            answers=before.answers,
            alerts=before.alerts,
            waits=before.waits,
            told_wrong=before.told_wrong,
            told_urgent=before.told_urgent,
            stopped=_stopped(tx, case),
            on_page=incoming.on_page,
            asks=verdict.asks,
            reachable=can_be_answered(incoming.sender) and incoming.sender != incoming.receiver,
            after_worse=writer.question in before.worse_on and not self._chose(verdict),
        )


def _may_be_same(case: Case) -> bool:
    """Whether the same words from there say nothing new: of those who share a number, each may have written them."""
    return not case.incoming.on_page and not case.incoming.media and case.writer.who is not Who.SHARED


def _stopped(tx: Tx, case: Case) -> bool:
    """Whether messages to that number are stopped already, wherever it may have been meant for."""
    sender, clinics = case.incoming.sender, case.writer.clinics
    return bool(sender and clinics) and all(is_stopped(tx, it.id, Channel.SMS, sender) for it in clinics)


def _keyword(tx: Tx, case: Case) -> Keyword | None:
    """Return what the provider answers. "Yes" opts in where something is stopped; else it is just an answer."""
    incoming = case.incoming
    if incoming.keyword is not Keyword.START or case.verdict.triage is Triage.START:
        return incoming.keyword
    stopped = any(is_stopped(tx, it.id, Channel.SMS, incoming.sender) for it in case.writer.clinics)
    return Keyword.START if stopped else None


def _alert_unless(planned: Sequence[int], heard: Heard, follows: Consequences) -> AlertKind | None:
    """Return what a concern asks for that nobody will ask about again."""
    if planned or not follows.follows or heard.triage is not Triage.CONCERN:
        return None
    return None if heard.same and heard.waits else AlertKind.REPLY


def _graver(read: Verdict, ticked: Verdict | None) -> Verdict:
    """Return the graver of two verdicts; a wish to stop, or a question, counts from either."""
    kinds = list(Triage)
    if ticked is None or kinds.index(read.triage) <= kinds.index(ticked.triage):
        return read
    return replace(ticked, stops=read.stops or ticked.stops, asks=read.asks or ticked.asks)


def _storable(text: str) -> str:
    """Return a text as the database takes it: half a pair of UTF-16 is no character."""
    return text.encode("utf-8", "replace").decode()


def _log(case: Case, taken: TakenIn, follows: Consequences) -> None:
    log.info(
        "reply.taken",
        reply=taken.reply_id,
        clinic=case.writer.clinic.id if case.writer.clinic else None,
        who=case.writer.who,
        triage=taken.triage,
        answer=taken.answer,
        silent=follows.silent.code if follows.silent else None,
        alert=taken.alert,
        planned=list(taken.planned),
    )
