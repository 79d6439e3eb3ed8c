"""Does what the tutorial says, in order, as a reader would: its commands, its edits, its files."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.repo.markdown import ROOT, fenced

TUTORIAL = ROOT / "docs/tutorial/first-week.md"
# `make demo` is played in its own test; here a faster one shows the same last line.
INSTEAD = {"make demo": "aftercare demo --exit --seconds 1", 'export PATH="$PWD/.venv/bin:$PATH"': "true"}


@dataclass
class Reader:
    """Sits in a folder, types commands, remembers the last exit code."""

    folder: Path
    code: int = 0

    def type(self, command: str) -> str:
        if command == "echo $?":
            return f"{self.code}\n"
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return ""
        here = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERCARE_", "TWILIO_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/bash", "-c", INSTEAD.get(command, command)],
            cwd=self.folder,
            env={**here, "PATH": path, "COLUMNS": "110"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.code = done.returncode
        return done.stdout

    def edit(self, name: str, diff: str) -> None:
        file = self.folder / name
        before, text = _side(diff, "-"), file.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name} has not once: {before}"
        file.write_text(text.replace(before, _side(diff, "+")), encoding="utf-8")


def _side(diff: str, mark: str) -> str:
    return "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[:1] in (mark, " "))


def _dialogue(text: str) -> list[tuple[str, list[str]]]:
    """Return each command of a console block with the lines shown below it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(lines[0], [line for line in lines[1:] if line]) for lines in (part.splitlines() for part in parts)]


def _plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.long
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for block in fenced(TUTORIAL.read_text(encoding="utf-8")):
        match block.language:
            case "diff":
                reader.edit(block.subject, block.text)
            case "csv":
                (reader.folder / block.subject).write_text(block.text, encoding="utf-8")
            case "console":
                _converse(reader, _dialogue(block.text))
            case other:
                raise AssertionError(f"a block of {other} is not done by a reader")


def _converse(reader: Reader, dialogue: list[tuple[str, list[str]]]) -> None:
    for index, (command, shown) in enumerate(dialogue):
        said = reader.type(command)
        for line in shown:
            for piece in filter(None, map(_plain, line.split("…"))):
                assert piece in _plain(said), f"$ {command}\nis said to print: {line}\nbut printed:\n{said}"
        asked = index + 1 < len(dialogue) and dialogue[index + 1][0] == "echo $?"
        assert asked or command == "echo $?" or reader.code == 0, f"$ {command}\nended with {reader.code}:\n{said}"
