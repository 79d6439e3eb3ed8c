"""What the providers took, held against what every patient was to get."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.providers import Email


@dataclass
class Verdict:
    """The figures of one play. `copies` are mails that came again with their Message-ID, which is allowed."""

    layout: str
    messages: int
    handovers: int = 0
    lost: int = 0
    twice: int = 0
    emails_twice: int = 0
    copies: int = 0
    strangers: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether the promise was kept."""
        return not (self.lost or self.twice or self.emails_twice or self.strangers or self.faults)


def count_texts(verdict: Verdict, taken: Sequence[tuple[str, str]], wanted: Mapping[str, int]) -> None:
    """Count texts: every number in `wanted` was to get so many, no two with the same words."""
    verdict.handovers += len(taken)
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for number, words in taken:
        said[number][words] += 1
    verdict.twice += sum(times - 1 for texts in said.values() for times in texts.values())
    _count(verdict, {number: len(texts) for number, texts in said.items()}, wanted)


def count_emails(verdict: Verdict, taken: Sequence[Email], wanted: Mapping[str, int]) -> None:
    """Count mails: every address in `wanted` was to get so many, no two of one subject but as copies."""
    verdict.handovers += len(taken)
    said: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for mail in taken:
        said[mail.to][mail.subject][mail.message_id] += 1
    identities = [ids for mails in said.values() for ids in mails.values()]
    verdict.emails_twice += sum(len(ids) - 1 for ids in identities)
    verdict.copies += sum(times - 1 for ids in identities for times in ids.values())
    _count(verdict, {address: len(mails) for address, mails in said.items()}, wanted)


def _count(verdict: Verdict, got: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    """Count what is missing, and what nobody asked for: other words than those of the plan."""
    verdict.lost += sum(max(0, number - got.get(to, 0)) for to, number in wanted.items())
    verdict.strangers += sum(max(0, number - wanted.get(to, 0)) for to, number in got.items())
