"""The class of a patient's reply, and the words that decided. In doubt it is never `fine`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduler.domain.lexicon import Kind, Lexicon, find
from scheduler.domain.measures import measures
from scheduler.domain.spelling import Speller
from scheduler.domain.wording import COMMA, END, Plain, make_plain


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

    `stops`: the patient also wants no more messages, whatever the class.
    """

    triage: Triage
    because: tuple[str, ...]
    stops: bool = False


ANSWERS = {Kind.FINE: Triage.FINE, Kind.CONCERN: Triage.CONCERN, Kind.URGENT: Triage.URGENT}
_GRAVE_DIGITS = frozenset("23")
_OPENING = frozenset({END, COMMA, "#", "=", "(", "_", "-", "/"})
_CLOSING = frozenset({END, COMMA, ")", "-", "_", "="})
_CLOSE = 3
"""How many words a "not" reaches to a grave sign, in each item of a list."""
_REACH = 6
"""How many words a "not" reaches."""
_NEAR = 3
"""How far a strong word stands from its sign."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Some tokens of a reply, from `start` to before `end`, that mean something."""

    kind: Triage
    start: int
    end: int


def triage(text: str, lexicons: Sequence[Lexicon]) -> Verdict:
    """Return the class of a reply. Every language's words count, whatever the patient's own language is.

    1. A reply that is nothing but a keyword (STOP, START, HELP) or an answer (1, 2, 3) is that.
    2. Else every sign, answer and wish in it is found; what is taken back ("no fever") does not count as a sign;
       the gravest class wins. `fine` only where nothing else is said and nothing is unsure.
    """
    plain = Speller(lexicons).corrected(make_plain(text))
    return _Reading(plain, lexicons).verdict()


class _Reading:
    """One reply, read with the words of all languages."""

    def __init__(self, plain: Plain, lexicons: Sequence[Lexicon]) -> None:
        self._plain = plain
        self._lexicons = lexicons
        self._tokens = list(plain.tokens)
        self._line = ""
        self._starts: list[int] = []
        self._lay_out()

    def verdict(self) -> Verdict:
        """Return the class and its words."""
        if alone := self._alone():
            everything = tuple(self._plain.spoken)
            return Verdict(alone, everything, stops=alone is Triage.STOP)
        self._forget_manners()
        wishes = list(self._wishes())
        said = [hit for hit in (*self._signs(), *self._answers()) if not _part_of(hit, wishes)]
        hits = [*said, *wishes, *self._measures()]
        found = {hit.kind for hit in hits}
        gravest = next((kind for kind in Triage if kind in found), Triage.UNKNOWN)
        if gravest is Triage.FINE and self._spans(Kind.UNSURE):
            return Verdict(Triage.UNKNOWN, self._words([Hit(gravest, *span) for span in self._spans(Kind.UNSURE)]))
        return Verdict(
            gravest,
            self._words([hit for hit in hits if hit.kind is gravest]),
            stops=bool(found & {Triage.STOP, Triage.WRONG_NUMBER}),
        )

    def _lay_out(self) -> None:
        """Join the tokens to the line in which phrases are found, and note where each begins."""
        self._starts, position = [], 1
        for token in self._tokens:
            self._starts.append(position)
            position += len(token) + 1
        self._line = " " + "".join(f"{token} " for token in self._tokens)

    def _spans(self, *kinds: Kind) -> list[tuple[int, int]]:
        """Return where phrases of these kinds stand, as tokens: from, to before."""
        index = {start: number for number, start in enumerate(self._starts)}
        ends = {start: number for number, start in enumerate([*self._starts, len(self._line)])}
        return sorted(
            {
                (index[start], ends[end])
                for lexicon in self._lexicons
                for kind in kinds
                for start, end in find(lexicon.phrases.get(kind, ()), self._line)
            }
        )

    def _words(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(" ".join(self._plain.spoken[hit.start : hit.end]) for hit in hits))

    def _alone(self) -> Triage | None:
        """Return what a reply is that says one keyword and nothing else but manners."""
        polite = {token for start, end in self._spans(Kind.IGNORE) for token in range(start, end)}
        words = [it for number, it in enumerate(self._tokens) if it not in (END, COMMA) and number not in polite]
        said = " ".join(dict.fromkeys(words)) or " ".join(it for it in self._tokens if it not in (END, COMMA))
        joined = "".join(words)
        for kind in (Triage.STOP, Triage.START, Triage.HELP):
            if not {said, joined}.isdisjoint(self._keywords(kind)):
                return kind
        return None

    def _forget_manners(self) -> None:
        """Blank out what is only polite, so that "good morning" is no good news."""
        for start, end in self._spans(Kind.IGNORE):
            self._tokens[start:end] = ["_"] * (end - start)
        self._lay_out()

    def _signs(self) -> Iterator[Hit]:
        """Yield what the patient says of how it is, each as what it means here: taken back, weak or strong."""
        strong = self._spans(Kind.STRONG)
        for start, end in self._spans(Kind.ALARM):
            yield Hit(Triage.URGENT, start, end)
        for start, end in self._spans(Kind.URGENT):
            # What is over is still for a person to see: only "no fever" takes a fever back.
            yield Hit(Triage.FINE if self._denied(start, reach=_CLOSE) else Triage.URGENT, start, end)
        for start, end in self._spans(Kind.SIGN):
            if self._taken_back(start, end):
                yield Hit(Triage.FINE, start, end)
                continue
            near = [it for it in strong if self._near(it, (start, end)) and not self._taken_back(*it)]
            yield Hit(Triage.URGENT if near else Triage.CONCERN, min([start, *(it[0] for it in near)]), end)
        for start, end in self._spans(Kind.CONCERN):
            if not self._taken_back(start, end):
                yield Hit(Triage.CONCERN, start, end)
        for start, end in self._spans(Kind.FINE):
            yield Hit(Triage.CONCERN if self._denied(start) else Triage.FINE, start, end)

    def _near(self, one: tuple[int, int], other: tuple[int, int]) -> bool:
        """Whether two spans stand side by side in one clause."""
        first, second = sorted([one, other])
        between = self._tokens[first[1] : second[0]]
        return len(between) < _NEAR and END not in between and COMMA not in between

    def _taken_back(self, start: int, end: int) -> bool:
        """Whether a "not" before it reaches it, or it is said to be gone."""
        return self._denied(start) or self._gone(start, end)

    def _denied(self, start: int, *, reach: int = _REACH) -> bool:
        return any(last <= start and self._reaches(last, start, reach) for _, last in self._denials())

    def _denials(self) -> list[tuple[int, int]]:
        """Return each "not" that takes something back: the one of "does not stop bleeding" takes back nothing."""
        alarms = self._spans(Kind.ALARM, Kind.URGENT)
        return [it for it in self._spans(Kind.NOT) if not any(a[0] <= it[0] and it[1] <= a[1] for a in alarms)]

    def _reaches(self, start: int, end: int, reach: int = _REACH) -> bool:
        """Whether a "not" that ends at `start` still counts at `end`: same clause, no "but", a list with "or"."""
        between = self._tokens[start:end]
        if END in between or _longest_item(between) > reach:
            return False
        if any(start <= first < end for first, _ in self._spans(Kind.BUT)):
            return False
        return COMMA not in between or self._goes_on(start, end)

    def _goes_on(self, start: int, end: int) -> bool:
        """Whether the commas are those of a list that ends in "or": no redness, swelling or pain."""
        clause_end = next((n for n in range(end, len(self._tokens)) if self._tokens[n] == END), len(self._tokens))
        return any(start <= first < clause_end for first, _ in self._spans(Kind.OR))

    def _gone(self, start: int, end: int) -> bool:
        """Whether the clause says that it went away; "has not gone" does not."""
        for first, last in self._spans(Kind.GONE):
            near = self._near((first, last), (start, end))
            if near and not any(no <= first and self._reaches(no, first) for _, no in self._spans(Kind.NOT)):
                return True
        return False

    def _answers(self) -> Iterator[Hit]:
        """Yield the digits and words for 1, 2, 3 that stand as an answer: alone, first, or at a clause's begin."""
        for number, token in enumerate(self._tokens):
            for kind, said in ANSWERS.items():
                names = frozenset[str]().union(*(it.answers.get(kind.value, frozenset()) for it in self._lexicons))
                if token in names and self._is_answer(number):
                    yield Hit(said, number, number + 1)

    def _is_answer(self, number: int, *, followed: bool = True) -> bool:
        """Whether a word stands as an answer. Of the digits 2 and 3 less is asked: in doubt it is the graver."""
        before = self._tokens[number - 1] if number else END
        after = self._tokens[number + 1] if number + 1 < len(self._tokens) else END
        counted = frozenset[str]().union(*(it.counted for it in self._lexicons))
        if self._tokens[number] in _GRAVE_DIGITS:
            return not {before, after} & counted and after not in ("°", "/")
        begins = before in _OPENING or before in self._introducing()
        ends = after in _CLOSING or (not after[0].isalnum() and after not in ("°", "/"))
        if begins and ends:
            return True
        goes_on = any(first == number + 1 for first, _ in self._spans(Kind.BUT, Kind.FINE, Kind.CONCERN))
        return followed and begins and goes_on

    def _measures(self) -> Iterator[Hit]:
        """Yield temperatures, counted pain and emoji."""
        counted = frozenset[str]().union(*(it.counted for it in self._lexicons))
        for number, kind in measures(self._tokens, counted):
            yield Hit(ANSWERS[kind], number, number + 1)

    def _introducing(self) -> frozenset[str]:
        return frozenset[str]().union(*(it.answers.get("before", frozenset()) for it in self._lexicons))

    def _wishes(self) -> Iterator[Hit]:
        """Yield what the patient wants of us."""
        for kind, wish in (
            (Kind.WRONG_NUMBER, Triage.WRONG_NUMBER),
            (Kind.STOP, Triage.STOP),
            (Kind.START, Triage.START),
            (Kind.QUESTION, Triage.QUESTION),
        ):
            for start, end in self._spans(kind):
                taken_back = wish is Triage.STOP and self._denied(start)
                if not taken_back:
                    yield Hit(wish, start, end)
        for number, token in enumerate(self._tokens):
            if token in self._keywords(Triage.STOP) and self._stands_out(number):
                yield Hit(Triage.STOP, number, number + 1)
        if self._plain.asks:
            yield Hit(Triage.QUESTION, 0, 0)

    def _keywords(self, kind: Triage) -> frozenset[str]:
        return frozenset[str]().union(*(it.alone.get(kind.value, frozenset()) for it in self._lexicons))

    def _stands_out(self, number: int) -> bool:
        """Whether a word is a clause of its own, or the shouted first word: "STOP it's worse"."""
        alone = self._is_answer(number, followed=False)
        return alone or (number == 0 and self._plain.spoken[0].isupper() and not self._plain.spoken[-1].isupper())


def _longest_item(tokens: Sequence[str]) -> int:
    """Return how many words stand between commas, at most."""
    return max(len(item.split()) for item in " ".join(tokens).split(COMMA))


def _part_of(hit: Hit, wishes: Sequence[Hit]) -> bool:
    """Whether words belong to a wish: the "wrong" of a wrong number is no concern. What is urgent stays so."""
    return hit.kind is not Triage.URGENT and any(it.start <= hit.start and hit.end <= it.end for it in wishes)
