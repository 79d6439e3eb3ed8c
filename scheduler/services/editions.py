"""An edition: config, words and texts as they were at one moment, sound as a whole, and taken as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.content.kept import keep_texts
from scheduler.content.templates import Texts
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.lexicons import Lexicons
from scheduler.services.checking import examine_all


@dataclass(frozen=True, slots=True)
class Edition:
    """What a process works by. `digests` are those of the files by name: what changed is told by them."""

    configuration: Configuration
    texts: Texts
    words: Lexicons
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why files are not taken: `text` is for people; `where`, a file and its line, and `code` are for logs."""

    text: str
    where: str
    code: str


def read_edition(config_dir: Path, templates_dir: Path, digests: Mapping[str, str]) -> Edition | Refusal:
    """Check everything as `aftercare check` does and read it, where there is no error; seconds of work.

    Files that change meanwhile make a mixture: the caller looks before and after. Raises OSError where they vanish.
    """
    checked = examine_all(config_dir, templates_dir)
    errors = [problem for problem in checked.problems if problem.severity == "error"]
    if errors or checked.configuration is None:
        first = errors[0]
        more = f"; and {len(errors) - 1} more" if len(errors) > 1 else ""
        return Refusal(f"{first}{more}", f"{first.file}:{first.line}", first.code)
    words = Lexicons(config_dir, checked.words)
    return Edition(checked.configuration, keep_texts(templates_dir), words, digests)
