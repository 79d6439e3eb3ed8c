"""The class of a patient's reply, and the words that decided. In doubt it is never `fine`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduler.domain.answering import answers
from scheduler.domain.denial import Denials
from scheduler.domain.lexicon import Kind, Lexicon
from scheduler.domain.measures import is_mood, measures
from scheduler.domain.reading import BLANK, Reading, Span
from scheduler.domain.spelling import Speller
from scheduler.domain.wording import COMMA, END, make_plain


class Triage(StrEnum):
    """What a reply is, the gravest first. `urgent` means that a person sees it at once; it is no diagnosis."""

    URGENT = "urgent"
    CONCERN = "concern"
    WRONG_NUMBER = "wrong_number"
    STOP = "stop"
    START = "start"
    HELP = "help"
    QUESTION = "question"
    FINE = "fine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gravest class of a reply and the patient's words for it: personal data, never to be logged.

    Whatever the class, the patient also wants no more messages (`stops`), also asks something or for a call (`asks`).
    """

    triage: Triage
    because: tuple[str, ...]
    stops: bool = False
    asks: bool = False


_SAID = {Kind.FINE: Triage.FINE, Kind.CONCERN: Triage.CONCERN, Kind.URGENT: Triage.URGENT}
_WISHES = {
    Kind.WRONG_NUMBER: Triage.WRONG_NUMBER,
    Kind.STOP: Triage.STOP,
    Kind.START: Triage.START,
    Kind.QUESTION: Triage.QUESTION,
}
_MARKS = frozenset({END, COMMA, BLANK, *"#=°/()+-&%"})
_ANSWERS = frozenset("123")
_NEAR = 3
"""How far a strong word stands from its sign."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Some tokens of a reply that mean something."""

    kind: Triage
    span: Span


def triage(text: str, lexicons: Sequence[Lexicon]) -> Verdict:
    """Return the class of a reply. Every language's words count, whatever the patient's own language is.

    1. A reply that is nothing but a keyword (STOP, START, HELP) is that.
    2. Else every sign, answer and wish in it is found; what is taken back ("no fever") does not count as a sign;
       the gravest class wins.
    3. `fine` only where every other word is known to be harmless and nothing is unsure.
    """
    plain = Speller(lexicons).corrected(make_plain(text))
    return _Classing(Reading(plain, lexicons)).verdict()


class _Classing:
    """One reply on its way to a verdict."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._harmless: set[int] = set()
        self._strong: set[Span] = set()

    def verdict(self) -> Verdict:
        """Return the class and its words."""
        if alone := self._alone():
            return Verdict(alone, tuple(self._reading.plain.spoken), stops=alone is Triage.STOP)
        self._reading.forget_manners()
        self._denials = Denials(self._reading)
        wishes = list(self._wishes())
        said = [hit for hit in (*self._signs(), *self._answers()) if not _part_of(hit, wishes)]
        hits = [*said, *wishes, *self._measures(moods=not wishes)]
        found = {hit.kind for hit in hits}
        gravest = next((kind for kind in Triage if kind in found), Triage.UNKNOWN)
        because = [hit.span for hit in hits if hit.kind is gravest]
        if gravest is Triage.FINE and (doubts := self._doubts(because)) is not None:
            gravest, because = Triage.UNKNOWN, doubts
        if unheard := self._unheard_of(gravest, hits):
            gravest, because = Triage.URGENT, unheard
        stops = bool(found & {Triage.STOP, Triage.WRONG_NUMBER})
        return Verdict(gravest, self._words(because), stops=stops, asks=Triage.QUESTION in found)

    def _words(self, spans: Iterable[Span]) -> tuple[str, ...]:
        said = (self._reading.words(span) for span in sorted(spans))
        return tuple(dict.fromkeys(words for words in said if words))

    def _alone(self) -> Triage | None:
        """Return what a reply is that says one keyword and nothing else but manners."""
        tokens = self._reading.tokens
        polite = {n for span in self._reading.spans(Kind.IGNORE) for n in range(span.start, span.end)}
        words = [it for number, it in enumerate(tokens) if it not in (END, COMMA) and number not in polite]
        whole = " ".join(it for it in tokens if it not in (END, COMMA))
        said = {" ".join(dict.fromkeys(words)), "".join(words), whole}
        for kind in (Triage.STOP, Triage.START, Triage.HELP):
            if not said.isdisjoint(self._reading.keywords(kind)):
                return kind
        return None

    def _signs(self) -> Iterator[Hit]:
        """Yield what the patient says of how it is, each as what it means here: taken back, weak or strong."""
        spans = self._reading.spans
        not_bad = {it.end for it in spans(Kind.NOT)}
        strong = self._reading.not_within(spans(Kind.STRONG), Kind.FINE, Kind.CONCERN, Kind.HARMLESS)
        self._strong = {it for it in strong if it.start not in not_bad}
        for span in spans(Kind.ALARM):
            yield Hit(Triage.URGENT, span)
        for span in self._reading.not_within(spans(Kind.URGENT), Kind.CONCERN, Kind.FINE, Kind.HARMLESS):
            # What is over is still for a person to see: only "no fever" takes a fever back.
            yield Hit(self._if_not_denied(Triage.URGENT, span), span)
        for span in self._reading.not_within(spans(Kind.SIGN), Kind.CONCERN, Kind.FINE, Kind.HARMLESS):
            yield self._sign(span)
        for span in self._reading.not_within(spans(Kind.CONCERN), Kind.FINE, Kind.HARMLESS):
            if not self._denials.denies(span) and not self._went_away(span):
                yield Hit(Triage.CONCERN, span)
        for span in self._reading.not_within(spans(Kind.FINE), Kind.HARMLESS):
            yield Hit(Triage.CONCERN if self._denials.reaches(span) else Triage.FINE, span)

    def _if_not_denied(self, kind: Triage, span: Span) -> Triage:
        if self._denials.softens(span):
            return Triage.CONCERN
        return Triage.FINE if self._denials.denies(span) else kind

    def _sign(self, span: Span) -> Hit:
        if self._denials.disbelieves(span):
            return Hit(Triage.URGENT, span)
        if self._went_away(span):
            return Hit(Triage.FINE, span)
        denied = self._if_not_denied(Triage.URGENT, span)
        if denied is not Triage.URGENT:
            return Hit(denied, span)
        strong = [it for it in self._reading.beside(Kind.STRONG, span, distance=_NEAR) if it in self._strong]
        start = min([span.start, *(it.start for it in strong)])
        return Hit(Triage.URGENT if strong else Triage.CONCERN, Span(start, span.end))

    def _went_away(self, span: Span) -> bool:
        gone = self._denials.gone(span)
        if gone:
            self._harmless.update(range(gone.start, gone.end), range(span.start, span.end))
        return gone is not None

    def _answers(self) -> Iterator[Hit]:
        for number, kind in answers(self._reading):
            yield Hit(_SAID[kind], Span(number, number + 1))

    def _measures(self, *, moods: bool) -> Iterator[Hit]:
        """Yield temperatures, counted pain and emoji. Beside a wish a face is about us, not about the skin."""
        tokens = self._reading.tokens
        for number, kind in measures(tokens, self._reading.counted):
            if kind is Kind.HARMLESS:
                self._harmless.add(number)
            elif moods or kind is Kind.URGENT or not is_mood(tokens[number]):
                yield Hit(_SAID[kind], Span(number, number + 1))

    def _wishes(self) -> Iterator[Hit]:
        """Yield what the patient wants of us."""
        for kind, wish in _WISHES.items():
            # "Don't stop texting me" is a wish for more.
            longer = (Kind.START, Kind.HARMLESS) if kind is Kind.STOP else (Kind.LIGHT,)
            for span in self._reading.not_within(self._reading.spans(kind), *longer):
                yield Hit(wish, span)
        keywords = self._reading.keywords(Triage.STOP)
        for clause in self._reading.clauses():
            if self._bare(clause) in keywords:
                yield Hit(Triage.STOP, clause)
        if self._reading.tokens and self._reading.tokens[0] in keywords and self._is_shouted():
            yield Hit(Triage.STOP, Span(0, 1))
        if self._reading.plain.asks and any(token.isalnum() for token in self._reading.tokens):
            yield Hit(Triage.QUESTION, self._question_mark())

    def _bare(self, clause: Span) -> str:
        """Return the words of a clause without emoji and the digit of an answer: "stop 🙏", "1 stop"."""
        tokens = self._reading.tokens[clause.start : clause.end]
        words = [it for it in tokens if it not in _ANSWERS and it[0].isalnum()]
        return " ".join(words or tokens)

    def _question_mark(self) -> Span:
        marks = (n for n, spoken in enumerate(self._reading.plain.spoken) if "?" in spoken)
        return next((Span(n, n + 1) for n in marks), Span(0, 0))

    def _is_shouted(self) -> bool:
        """Whether the first word is shouted and not all is: "STOP it's worse"."""
        spoken = self._reading.plain.spoken
        return spoken[0].isupper() and not spoken[-1].isupper()

    def _doubts(self, fine: Sequence[Span]) -> list[Span] | None:
        """Return what keeps a reply from being fine, perhaps no words at all; None where nothing does."""
        doubtful = self._reading.spans(Kind.UNSURE, Kind.PAST)
        if unsure := list(self._reading.not_within(doubtful, Kind.FINE, Kind.HARMLESS)):
            return unsure
        unknown = self._unknown(fine)
        return unknown if unknown or self._reading.plain.cut else None

    def _unheard_of(self, gravest: Triage, hits: Sequence[Hit]) -> list[Span]:
        """Return a part of the body, or a pain, and what is said of it in words that no rule knows; else nothing.

        Of a part of the body it counts beside good news only after a "but"; of a pain where nothing is asked.
        """
        if gravest is Triage.CONCERN:
            body = self._pains(hits)
            known = self._reading.spans(Kind.CONCERN, Kind.STRONG, Kind.UNSURE, Kind.BUT, Kind.NOT)
            known += [hit.span for hit in hits]
        elif gravest is Triage.UNKNOWN and (not hits or self._reading.spans(Kind.BUT)):
            body, known = self._reading.spans(Kind.BODY), []
        else:
            return []
        unknown = self._unknown(known) if body else []
        return [*body, *unknown] if unknown else []

    def _pains(self, hits: Sequence[Hit]) -> list[Span]:
        """Return the pains that count as a concern so far and are not called small; none in a question."""
        if any(hit.kind is Triage.QUESTION for hit in hits):
            return []
        weak = {hit.span for hit in hits if hit.kind is Triage.CONCERN}
        pains = (span for span in self._reading.spans(Kind.BODY) if span in weak)
        return list(self._reading.not_within(pains, Kind.CONCERN))

    def _unknown(self, said: Sequence[Span]) -> list[Span]:
        """Return the words that no rule knows for harmless."""
        harmless = self._reading.spans(Kind.FINE, Kind.LIGHT, Kind.HARMLESS, Kind.OR)
        covered = {n for span in (*harmless, *said) for n in range(span.start, span.end)}
        covered |= self._harmless | self._denials.words
        tokens = self._reading.tokens
        return [Span(n, n + 1) for n, it in enumerate(tokens) if n not in covered and it not in _MARKS]


def _part_of(hit: Hit, wishes: Sequence[Hit]) -> bool:
    """Whether words belong to a wish: the "wrong" of a wrong number is no concern. What is urgent stays so."""
    return hit.kind is not Triage.URGENT and any(
        it.span.start <= hit.span.start and hit.span.end <= it.span.end for it in wishes
    )
