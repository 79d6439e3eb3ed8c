"""Advice by tag: what a step tells a patient to do or to leave, until when, and which tags contradict each other.

Config names the tags (config/advice.yaml); a step says which it gives and how long each holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scheduler.domain.spans import Span


@dataclass(frozen=True, slots=True)
class Advice:
    """One tag of a step. `span` counts from the visit as `after` does; None holds always."""

    tag: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class AdviceTag:
    """One tag of the catalogue. `text` is by language, without an end; `sources` are row ids of the sources."""

    text: Mapping[str, str]
    against: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tags in the order in which patients read them, and how an end is said.

    `until_day` has `{day}` in each language, `until_time` also `{time}`.
    """

    tags: Mapping[str, AdviceTag] = field(default_factory=dict)
    until_day: Mapping[str, str] = field(default_factory=dict)
    until_time: Mapping[str, str] = field(default_factory=dict)

    @property
    def contested(self) -> frozenset[str]:
        """The tags that contradict any other, whichever of them says so."""
        said = {name: tag.against for name, tag in self.tags.items() if tag.against}
        return frozenset(said).union(*said.values())

    def contradict(self, one: str, other: str) -> bool:
        """Whether the two tags can't both be followed, whichever of them says so."""
        return other in self._against(one) or one in self._against(other)

    def clashes(self, some: Iterable[str], others: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return the pairs of tags, one of each side, that contradict each other."""
        theirs = sorted(set(others))
        return tuple((one, other) for one in sorted(set(some)) for other in theirs if self.contradict(one, other))

    def _against(self, tag: str) -> frozenset[str]:
        known = self.tags.get(tag)
        return known.against if known else frozenset()
