"""What a reply takes back: "no fever", "no redness, swelling or pain", "the swelling has gone".

A "not" is believed only where it stands before the sign with nothing but light words between: "won't stop oozing"
and "can't sleep for pain" deny nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from scheduler.domain.lexicon import Kind
from scheduler.domain.reading import Reading, Span
from scheduler.domain.wording import COMMA, END

_REACH = 5
"""How many light words a "not" passes at most."""
_NEAR = 3
"""How far a word like "gone" stands from its sign."""
_LIST = 15
"""How many tokens after a comma the "or" of a list must come."""


class Denials:
    """The spans of a reply that are taken back, and the words that do so."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._starting: dict[int, list[Span]] = defaultdict(list)
        nots = {it.start for it in reading.spans(Kind.NOT)}
        self._not = nots
        for span in reading.spans(Kind.URGENT, Kind.SIGN, Kind.CONCERN, Kind.FINE, Kind.GONE):
            # "N'a pas changé" is one "not": what holds the second is not taken back by the first.
            if nots.isdisjoint(range(span.start, span.end)):
                self._starting[span.start].append(span)
        self._good = set(reading.spans(Kind.FINE))
        self._strong = _numbers(reading.spans(Kind.STRONG))
        self._light = _numbers(reading.spans(Kind.LIGHT, Kind.NOT)) | self._strong
        self._or = _numbers(reading.spans(Kind.OR))
        self._but = _numbers(reading.spans(Kind.BUT))
        grave = reading.spans(Kind.ALARM, Kind.URGENT, Kind.CONCERN)
        self._grave = {n for it in grave if it.exact for n in range(it.start + 1, it.end)}
        self._undoing = self._undone()
        self._denied: set[Span] = set()
        self._disbelieved: set[Span] = set()
        self._softened: set[Span] = set()
        self._used: set[int] = set()
        for no in self._nots():
            self._follow(no)
        self._denied -= self._disbelieved
        self._softened -= self._disbelieved

    @property
    def words(self) -> frozenset[int]:
        """The numbers of the tokens that a denial is made of: the "not", what it passes, what it takes back."""
        return frozenset(self._used)

    def denies(self, span: Span) -> bool:
        """Whether a "not" takes a span back altogether."""
        return span in self._denied and span not in self._softened

    def disbelieves(self, span: Span) -> bool:
        """Whether a span is taken back only for a time that is over, or not at all: "no fever before, now yes"."""
        return span in self._disbelieved

    def reaches(self, span: Span) -> bool:
        """Whether a "not" stands before a span, believed or not."""
        return span in self._denied or span in self._disbelieved

    def softens(self, span: Span) -> bool:
        """Whether a "not" takes only the strength from it: "not very red" is red."""
        return span in self._softened

    def gone(self, sign: Span) -> Span | None:
        """Return the words that say that a sign went away; "has not gone" does not."""
        near = self._reading.beside(Kind.GONE, sign, distance=_NEAR)
        denied = self._denied | self._disbelieved
        return next((it for it in near if it not in denied and not self._parted(it, sign)), None)

    def _parted(self, gone: Span, sign: Span) -> bool:
        """Whether "but" stands between, or the words for gone mean something else: "swollen below the eyes"."""
        first, second = sorted((gone, sign))
        return gone.start in self._grave or not self._but.isdisjoint(range(first.end, second.start))

    def _nots(self) -> list[Span]:
        """Return each "not" that may take something back: the one of "does not stop bleeding" takes back nothing."""
        grave = _numbers(self._reading.spans(Kind.ALARM, Kind.URGENT))
        nots = (it for it in self._reading.spans(Kind.NOT) if it.start not in grave)
        return list(self._reading.not_within(nots, Kind.FINE, Kind.CONCERN, Kind.HARMLESS))

    def _follow(self, no: Span) -> None:
        """Walk from a "not" over light words to what it takes back, and from there over "or" to the next."""
        number, passed, reached = no.end, 0, False
        while number < len(self._reading.tokens) and passed <= _REACH and number not in self._but:
            if spans := [it for it in self._starting.get(number, ()) if not (reached and it in self._good)]:
                number = self._take_back(no, number, max(it.end for it in spans))
                reached = True
                if not self._goes_on(number) or number + 1 in self._not:
                    return
                passed, number = 0, number + 1
            elif number in self._light or number in self._or:
                passed, number = passed + 1, number + 1
            else:
                return

    def _goes_on(self, number: int) -> bool:
        """Whether "or" follows, or the comma of a list that ends in "or": no redness, swelling or pain."""
        following = self._reading.tokens[number : number + _LIST]
        clause = following[: following.index(END)] if END in following else following
        if number in self._or:
            return True
        return clause[:1] == [COMMA] and any(number + n in self._or for n in range(len(clause)))

    def _take_back(self, no: Span, start: int, end: int) -> int:
        """Take back all that stands from start to end, and return where that ends."""
        inside = {it for n in range(start, end) for it in self._starting.get(n, ()) if it.end <= end}
        self._denied |= inside
        if not self._strong.isdisjoint(range(no.end, end)):
            self._softened |= inside
        if not self._undoing.isdisjoint(range(no.start, end)):
            self._disbelieved |= inside
        self._used.update(range(no.start, end))
        return end

    def _undone(self) -> set[int]:
        """Return the numbers of the tokens where a "not" is not believed."""
        reading, undone = self._reading, set[int]()
        turns = _numbers(reading.not_within(reading.spans(Kind.UNDO, Kind.PAST), Kind.HARMLESS, Kind.FINE))
        ends = {it.end for it in reading.spans(Kind.AFFIRM)}
        fine = _numbers(reading.not_within(self._good, Kind.AFFIRM))
        for clause in reading.clauses():
            for part in self._parts(clause):
                if not turns.isdisjoint(part):
                    undone.update(part)
            if clause.end in ends and fine.isdisjoint(range(clause.start, clause.end)):
                undone.update(range(clause.end))
        return undone

    def _parts(self, clause: Span) -> Iterator[range]:
        """Yield what stands between the "but" of a clause: "sore yesterday but no pain today"."""
        buts = [n for n in range(clause.start, clause.end) if n in self._but]
        for start, end in pairwise([clause.start, *buts, clause.end]):
            yield range(start, end)


def _numbers(spans: Iterable[Span]) -> set[int]:
    return {number for span in spans for number in range(span.start, span.end)}
