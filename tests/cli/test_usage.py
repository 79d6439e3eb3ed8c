"""Wrong usage, help, version, completion."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Command

COMMANDS = ["demo", "init", "serve", "register", "import", "dispatch", "timeline", "cancel", "reschedule", "complete",
            "no-show", "check", "preview", "doctor", "db", "rekey"]  # fmt: skip


def test_help_names_every_command(fresh: Command) -> None:
    printed = fresh.done("--help")
    assert all(f" {command} " in printed for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(fresh: Command, command: str) -> None:
    assert "Usage: aftercare" in fresh.done(command, "--help")
    assert not (fresh.folder / "var").exists()


def test_it_says_its_version(fresh: Command) -> None:
    assert fresh.done("--version").startswith("aftercare 0.")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("regster",), "regster"),
        (("timeline",), "APPOINTMENT"),
        (("timeline", "one"), "APPOINTMENT"),
        (("register", "replies", "--clinic", "north"), "--treatment"),
        (("dispatch", "--force"), "--force"),
        (("preview", "check", "--clinic", "north", "--language", "en", "--channel", "fax"), "fax"),
        (("serve", "--port", "99999"), "--port"),
        (("init",), "DIR"),
    ],
)
def test_wrong_usage_is_one_line_that_names_it(fresh: Command, words: tuple[str, ...], named: str) -> None:
    assert named in fresh.refused(*words, code=2)


def test_a_shell_can_complete_the_commands(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "_AFTERCARE_COMPLETE": "complete_bash",
        "COMP_WORDS": "aftercare re",
        "COMP_CWORD": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    words = [sys.executable, "-m", "scheduler.cli"]
    done = subprocess.run(words, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == {"register", "replies", "reschedule", "rekey", "resume"}
