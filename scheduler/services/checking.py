"""Checks all that an operator edits: config first, then the texts that it needs."""

from pathlib import Path

from scheduler.content.check import check_templates
from scheduler.content.templates import Texts
from scheduler.protocols.lexicons import check_lexicons
from scheduler.protocols.lint import lint
from scheduler.protocols.loader import examine
from scheduler.protocols.problems import Problem, in_order
from scheduler.services.unapproved import unapproved


def check_all(config_dir: Path, templates_dir: Path, *, live: bool = False) -> tuple[Problem, ...]:
    """Return every problem of config and templates, in the order of files and lines.

    What is not approved is a problem where that is required: `live` says whether messages leave the machine.
    Templates are checked only where the config can be read: which texts are needed is said there.
    """
    sound, problems = examine(config_dir)
    problems += check_lexicons(config_dir)[1]
    if sound is None:
        return problems
    problems = in_order([*problems, *lint(sound)])
    problems = (*problems, *check_templates(templates_dir, sound.configuration))
    if not sound.configuration.requires_approval(live=live):
        return problems
    return (*problems, *in_order(unapproved(sound, Texts(templates_dir), config_dir)))
