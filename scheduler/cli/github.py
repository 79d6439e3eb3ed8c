"""Problems as GitHub's workflow commands: a run shows each beside the line that it is about."""

from pathlib import Path

from scheduler.protocols.problems import Problem


def annotation(problem: Problem) -> str:
    """Return one workflow command. A file inside the working folder is named from there on, as GitHub wants it."""
    place = {
        "file": _shown(problem.file),
        "line": str(problem.line),
        "col": str(problem.column),
        "title": problem.code,
    }
    key = f"{problem.key}: " if problem.key else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    return f"::{problem.severity} {properties}::{_data(f'{key}{problem.message}{hint}')}"


def _shown(file: Path) -> str:
    here = Path.cwd()
    whole = file.absolute()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else file.as_posix()


def _data(text: str) -> str:
    """Escape a message as GitHub's runner reads it back: percent first, so that nothing is escaped twice."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property: a colon and a comma would end it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
