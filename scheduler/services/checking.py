"""Checks all that an operator edits: config first, then the texts that it needs."""

from dataclasses import dataclass
from pathlib import Path

from scheduler.content.check import check_templates
from scheduler.content.templates import Texts
from scheduler.domain.lexicon import Lexicon
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.lexicons import check_lexicons
from scheduler.protocols.lint import lint
from scheduler.protocols.loader import examine
from scheduler.protocols.problems import Problem, has_errors, in_order
from scheduler.services.protocol_tests import run_protocol_tests
from scheduler.services.unapproved import unapproved


@dataclass(frozen=True, slots=True)
class Checked:
    """All problems, and what was read; `configuration` is None where it has errors, `words` are none then."""

    problems: tuple[Problem, ...]
    configuration: Configuration | None
    words: tuple[Lexicon, ...]


def check_all(
    config_dir: Path, templates_dir: Path, *, live: bool = False, tests: bool = False
) -> tuple[Problem, ...]:
    """Return every problem of config and templates, in the order of files and lines: see `examine_all`."""
    return examine_all(config_dir, templates_dir, live=live, tests=tests).problems


def examine_all(config_dir: Path, templates_dir: Path, *, live: bool = False, tests: bool = False) -> Checked:
    """Read config and check it and the templates, with every problem in the order of files and lines.

    What is not approved is a problem where that is required: `live` says whether messages leave the machine.
    Templates are checked only where the config can be read: which texts are needed is said there. `tests`: those of
    the protocols are played where nothing is wrong with config and templates; that takes a second.
    """
    sound, problems = examine(config_dir)
    words, wrong = check_lexicons(config_dir)
    problems += wrong
    if sound is None:
        return Checked(tuple(problems), None, words)
    problems = in_order([*problems, *lint(sound)])
    texts = Texts(templates_dir)
    problems = (*problems, *check_templates(templates_dir, sound.configuration, texts))
    if tests and not has_errors(problems):
        problems = (*problems, *run_protocol_tests(config_dir, sound.configuration, texts, lambda: words))
    if sound.configuration.requires_approval(live=live):
        problems = (*problems, *in_order(unapproved(sound, texts, config_dir)))
    return Checked(problems, sound.configuration, words)
