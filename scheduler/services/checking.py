"""Checks all that an operator edits: config first, then the texts that it needs."""

from pathlib import Path

from scheduler.content.check import check_templates
from scheduler.protocols.lexicons import check_lexicons
from scheduler.protocols.loader import check
from scheduler.protocols.problems import Problem


def check_all(config_dir: Path, templates_dir: Path) -> tuple[Problem, ...]:
    """Return every problem of config and templates, in the order of files and lines.

    Templates are checked only where the config can be read: which texts are needed is said there.
    """
    configuration, problems = check(config_dir)
    problems += check_lexicons(config_dir)[1]
    if configuration is None:
        return problems
    return (*problems, *check_templates(templates_dir, configuration))
