"""Reads config/triage, the words that replies are classed by. Apart: only who reads replies needs it."""

from pathlib import Path

from scheduler.domain.lexicon import Lexicon
from scheduler.errors import ConfigError
from scheduler.protocols.folder import find_triage
from scheduler.protocols.problems import Problem, has_errors, in_order
from scheduler.protocols.reading import read_lexicon


def check_lexicons(config_dir: Path) -> tuple[tuple[Lexicon, ...], tuple[Problem, ...]]:
    """Return the words of each language, none where a file has errors, and all problems."""
    files, problems = find_triage(config_dir)
    read = [read_lexicon(file) for file in files]
    problems += [problem for one in read for problem in one.problems]
    words = () if has_errors(problems) else tuple(one.value for one in read if one.value)
    return words, in_order(problems)


def load_lexicons(config_dir: Path) -> tuple[Lexicon, ...]:
    """Return the words of all languages. Raises ConfigError with the first error."""
    words, problems = check_lexicons(config_dir)
    if not words:
        raise ConfigError(f"{problems[0]}: run `aftercare check`")
    return words


class Lexicons:
    """The words of all languages, read from a folder when they are asked for first: few commands need them.

    `read` are those that were read already.
    """

    def __init__(self, config_dir: Path, read: tuple[Lexicon, ...] = ()) -> None:
        self._config_dir = config_dir
        self._read = read

    def __call__(self) -> tuple[Lexicon, ...]:
        """Return them. Raises ConfigError with the first error."""
        if not self._read:
            self._read = load_lexicons(self._config_dir)
        return self._read
