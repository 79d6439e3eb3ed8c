"""Rules over a configuration that can be read: what would be sent, but not as it was meant. One list of them."""

from collections.abc import Callable, Iterator, Sequence

from scheduler.protocols.lint import advice, bookings, checks, expiring, moments, quiet
from scheduler.protocols.lint.sound import Sound
from scheduler.protocols.problems import Problem

Rule = Callable[[Sound], Iterator[Problem]]

RULES: Sequence[Rule] = (
    advice.contradicting_advice,
    bookings.care_withheld,
    bookings.recall_to_booked,
    checks.late_checks,
    checks.late_reminders,
    expiring.expiring_steps,
    moments.same_moments,
    moments.recalls_before_care,
    quiet.quiet_steps,
)
"""Each is a function of the configuration alone: no file is read, no clock looked at. A new rule is added here, its
codes to `problems.LINT_CODES`, and a file that breaks it with one that does not to tests/lint."""


def lint(sound: Sound) -> Iterator[Problem]:
    """Yield what all rules find, in no order."""
    for rule in RULES:
        yield from rule(sound)
