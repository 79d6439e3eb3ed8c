"""For each code a folder with what breaks its rule and the same mended: files that are laid over a sound whole."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from scheduler.content.check import check_templates
from scheduler.paths import shipped
from scheduler.protocols.lint import lint
from scheduler.protocols.loader import examine
from scheduler.protocols.problems import Problem, in_order

HERE = Path(__file__).parent
BASE = HERE / "base"
CASES = sorted(folder for folder in HERE.iterdir() if (folder / "broken").is_dir())


def laid_out(folder: Path, *, over: Path | None = None) -> Path:
    """Make a folder with the sound configuration and the shipped English texts, and a case's files over them."""
    shutil.copytree(BASE, folder, dirs_exist_ok=True)
    shutil.copytree(shipped("templates") / "en", folder / "templates/en", dirs_exist_ok=True)
    if over is not None:
        shutil.copytree(over, folder, dirs_exist_ok=True)
    return folder


def found_in(folder: Path) -> tuple[Problem, ...]:
    """Return what `aftercare check` finds in configuration and texts; the words of triage are not looked at."""
    sound, problems = examine(folder / "config")
    if sound is None:
        return problems
    texts = check_templates(folder / "templates", sound.configuration)
    return in_order([*problems, *lint(sound), *texts])


def examples(code: str) -> Iterator[tuple[str, str, str]]:
    """Yield the files that a case differs in: name, broken, mended."""
    for broken in sorted((HERE / code / "broken").rglob("*.*")):
        name = broken.relative_to(HERE / code / "broken")
        mended = HERE / code / "mended" / name
        texts = [file.read_text(encoding="utf-8") for file in (broken, mended)]
        if texts[0] != texts[1]:
            yield name.as_posix(), texts[0], texts[1]
