"""A reply laid out for reading: its tokens, and where the phrases of all languages stand in them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scheduler.domain.lexicon import Kind, Lexicon
from scheduler.domain.phrases import NAME, Phrase
from scheduler.domain.wording import COMMA, END, Plain

BLANK = "_"
"""Stands where manners stood."""
_BREAKS = frozenset({END, COMMA, BLANK, "-", "(", ")", "#", "=", "/"})
_INITIAL = 2
"""Letters that are no name."""


class Span(NamedTuple):
    """Tokens of a reply from `start` to before `end`; `exact`: each of them is a word of the phrase."""

    start: int
    end: int
    exact: bool = True

    def holds(self, other: "Span") -> bool:
        """Whether the other lies in it and is shorter."""
        return self.start <= other.start and other.end <= self.end and self.end - self.start > other.end - other.start


class Reading:
    """One reply, read with the words of all languages."""

    def __init__(self, plain: Plain, lexicons: Sequence[Lexicon]) -> None:
        self.plain = plain
        self.lexicons = lexicons
        self.tokens = list(plain.tokens)
        self._begun: dict[str, list[tuple[Kind, Phrase]]] = {}
        self.counted = frozenset[str]().union(*(it.counted for it in lexicons))
        self._named = {
            group: frozenset[str]().union(*(it.answers.get(group, frozenset()) for it in lexicons))
            for group in ("fine", "concern", "urgent", "before")
        }
        self._read(manners=True)

    def forget_manners(self) -> None:
        """Blank out what is only polite, so that "good morning" is no good news; only then are there other spans."""
        for span in self.spans(Kind.IGNORE):
            self.tokens[span.start : span.end] = [BLANK] * (span.end - span.start)
        self._read()

    def spans(self, *kinds: Kind) -> list[Span]:
        """Return where phrases of these kinds stand."""
        return sorted({span for kind in kinds for span in self._found.get(kind, ())})

    def not_within(self, spans: Iterable[Span], *kinds: Kind) -> Iterator[Span]:
        """Yield the spans that are no part of a longer phrase of these kinds: that one knows better what is meant."""
        at: dict[int, list[Span]] = defaultdict(list)
        for longer in self.spans(*kinds):
            for number in range(longer.start, longer.end if longer.exact else longer.start):
                at[number].append(longer)
        return (span for span in spans if not any(it.holds(span) for it in at.get(span.start, ())))

    def clauses(self) -> Iterator[Span]:
        """Yield what stands between full stops, commas, dashes and manners."""
        start = 0
        for number, token in enumerate([*self.tokens, END]):
            if token in _BREAKS:
                if number > start:
                    yield Span(start, number)
                start = number + 1

    def any_at(self, number: int, *kinds: Kind) -> bool:
        """Whether a phrase of these kinds begins at a token."""
        return any(kind in kinds for kind, _ in self._starting.get(number, ()))

    def beside(self, kind: Kind, span: Span, *, distance: int) -> Iterator[Span]:
        """Yield the phrases of a kind before and after, in the same clause with less than so many words between."""
        after = (it for n in range(span.end, span.end + distance) for it in self._starting.get(n, ()))
        before = (it for n in range(span.start - distance + 1, span.start + 1) for it in self._ending.get(n, ()))
        for found, other in (*before, *after):
            if found is kind and self._in_one_clause(span, other):
                yield other

    def named(self, group: str) -> frozenset[str]:
        """Return what an answer is called in any language; `before` is what may stand before one."""
        return self._named[group]

    def keywords(self, kind: str) -> frozenset[str]:
        """Return the keywords of all languages for stop, start or help."""
        return frozenset[str]().union(*(it.alone.get(kind, frozenset()) for it in self.lexicons))

    def words(self, span: Span) -> str:
        """Return the patient's own words of a span."""
        return " ".join(self.plain.spoken[span.start : span.end])

    def _in_one_clause(self, one: Span, other: Span) -> bool:
        first, second = sorted((one, other))
        between = self.tokens[first.end : second.start]
        return END not in between and COMMA not in between

    def _read(self, *, manners: bool = False) -> None:
        starts, position = list[int](), 0
        numbers = [number for number, token in enumerate(self.tokens) if token != BLANK]
        words = [self._in_line(number) for number in numbers]
        for word in words:
            starts.append(position)
            position += len(word) + 1
        line = "".join(f"{word} " for word in words)
        ends_at = (
            dict(zip([*starts[1:], len(line)], (number + 1 for number in numbers), strict=True)) if numbers else {}
        )
        self._found: dict[Kind, set[Span]] = defaultdict(set)
        self._starting: dict[int, list[tuple[Kind, Span]]] = defaultdict(list)
        self._ending: dict[int, list[tuple[Kind, Span]]] = defaultdict(list)
        for number, word, start in zip(numbers, words, starts, strict=True):
            for kind, phrase in self._beginning(word):
                if (manners == (kind is Kind.IGNORE)) and (match := phrase.pattern.match(line, start)):
                    self._note(kind, Span(number, ends_at[match.end()], phrase.exact))

    def _in_line(self, number: int) -> str:
        """Return a token as phrases see it: what is perhaps a name is NAME."""
        token, spoken = self.tokens[number], self.plain.spoken[number]
        named = len(token) > _INITIAL and spoken[0].isupper() and not spoken.isupper() and token != BLANK
        return NAME if named and not any(it.knows(token) for it in self.lexicons) else token

    def _note(self, kind: Kind, span: Span) -> None:
        if span not in self._found[kind]:
            self._found[kind].add(span)
            self._starting[span.start].append((kind, span))
            self._ending[span.end].append((kind, span))

    def _beginning(self, word: str) -> list[tuple[Kind, Phrase]]:
        if word not in self._begun:
            self._begun[word] = [it for lexicon in self.lexicons for it in lexicon.beginning(word)]
        return self._begun[word]
