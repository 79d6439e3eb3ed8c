"""Finds the files of a configuration folder, and what lies there that nothing reads."""

from dataclasses import dataclass
from pathlib import Path

from scheduler.paths import shipped
from scheduler.protocols.problems import Problem

INSTANCE = "aftercare.yaml"
APPROVALS = "approvals"
TESTS = "tests"
ADVICE, SOURCES = "advice.yaml", "sources.yaml"
FOLDERS = {"clinics": "clinic", "protocols": "protocol", "triage": "language"}


@dataclass(frozen=True, slots=True)
class ConfigFiles:
    """What there is to read, in order of names. Without `instance` its defaults hold."""

    instance: Path | None
    clinics: tuple[Path, ...]
    protocols: tuple[Path, ...]


def find_files(config_dir: Path) -> tuple[ConfigFiles, list[Problem]]:
    """Return the files of a folder, and a problem for each that is missing or would be passed over."""
    problems: list[Problem] = []
    top = _listed(config_dir, problems, "make one with `aftercare init DIR`")
    if problems:
        return ConfigFiles(None, (), ()), problems
    instance = next((file for file in top if file.name == INSTANCE), None)
    problems += [_stray(file) for file in top if _is_stray(file)]
    clinics, protocols = (_yaml_files(config_dir / name, problems) for name in ("clinics", "protocols"))
    return ConfigFiles(instance, clinics, protocols), problems


def find_triage(config_dir: Path) -> tuple[tuple[Path, ...], list[Problem]]:
    """Return the files of words that replies are classed by: the shipped ones, unless the folder has its own."""
    problems: list[Problem] = []
    own = config_dir / "triage"
    return _yaml_files(own if own.exists() else shipped("config") / "triage", problems), problems


def find_approvals(config_dir: Path) -> tuple[tuple[Path, ...], list[Problem]]:
    """Return the files of what was approved, none where nothing was, and a warning for each that is passed over."""
    problems: list[Problem] = []
    folder = config_dir / APPROVALS
    files = _listed(folder, problems, "") if folder.exists() else ()
    problems += [_ignored(file) for file in files if file.suffix == ".yml"]
    return tuple(file for file in files if file.suffix == ".yaml"), problems


def find_tests(config_dir: Path) -> tuple[tuple[Path, ...], list[Problem]]:
    """Return the files of what protocols are tested by, none where the folder has none; likewise."""
    problems: list[Problem] = []
    folder = config_dir / TESTS
    files = _listed(folder, problems, "") if folder.exists() else ()
    problems += [_ignored(file) for file in files if file.suffix == ".yml"]
    return tuple(file for file in files if file.suffix == ".yaml"), problems


def own_or_shipped(config_dir: Path, name: str) -> Path:
    """Return the folder's own file of that name (advice, sources), or the shipped one where it has none."""
    own = config_dir / name
    return own if own.exists() else shipped("config") / name


def _yaml_files(folder: Path, problems: list[Problem]) -> tuple[Path, ...]:
    unread = len(problems)
    files = _listed(folder, problems, f"it holds one file per {FOLDERS[folder.name]}")
    if len(problems) > unread:
        return ()
    problems += [_ignored(file) for file in files if file.suffix == ".yml"]
    found = tuple(file for file in files if file.suffix == ".yaml")
    if not found:
        what = FOLDERS[folder.name]
        message = f"there is no {what} in this folder"
        problems.append(Problem(file=folder, code="no-files", message=message, hint=f"write a {what} as NAME.yaml"))
    return found


def _listed(folder: Path, problems: list[Problem], hint: str) -> tuple[Path, ...]:
    """Return a folder's files by name, without hidden ones (editors leave those behind)."""
    try:
        return tuple(sorted(file for file in folder.iterdir() if not file.name.startswith(".")))
    except FileNotFoundError:
        problems.append(Problem(file=folder, code="unreadable", message="there is no such folder", hint=hint))
    except NotADirectoryError:
        problems.append(Problem(file=folder, code="unreadable", message="is not a folder", hint=hint))
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        problems.append(Problem(file=folder, code="unreadable", message=f"can't be read: {reason}"))
    return ()


def _is_stray(file: Path) -> bool:
    return file.suffix in (".yaml", ".yml") and file.name not in (INSTANCE, ADVICE, SOURCES)


def _stray(file: Path) -> Problem:
    if file.name == "aftercare.yml":
        return _ignored(file)
    hint = "clinics go into clinics/, protocols into protocols/"
    return Problem(file=file, code="ignored-file", message="is ignored here", hint=hint, severity="warning")


def _ignored(file: Path) -> Problem:
    hint = f"rename it to {file.stem}.yaml"
    return Problem(file=file, code="ignored-file", message="is ignored", hint=hint, severity="warning")
