"""Rules over texts that can be sent: what they say, what they cost, how hard they read. One list of them."""

from collections.abc import Callable, Iterator, Sequence

from scheduler.content.lint import cost, ease, health, links, promotion
from scheduler.content.lint.written import Written
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem

Rule = Callable[[Written, Configuration], Iterator[Problem]]

RULES: Sequence[Rule] = (
    cost.long_texts,
    ease.hard_texts,
    health.health_details,
    health.named_treatments,
    links.unknown_links,
    promotion.promotions,
)
"""Each is a function of one text as one clinic sends it. A new rule is added here, its codes to
`problems.LINT_CODES`, and a text that breaks it with one that does not to tests/lint."""


def lint(written: Written, configuration: Configuration) -> Iterator[Problem]:
    """Yield what all rules find in one text, in no order."""
    for rule in RULES:
        yield from rule(written, configuration)
