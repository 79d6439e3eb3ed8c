"""watch: what it prints of a file, its exit code, and that one watcher is enough."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.runtime.lock import TakenError, only_watcher
from tests.cli.command import SECRETS, Command
from tests.services.exports import HEADER

ZOE = "B-1,,2030-03-18 10:00,,Zoë Lachance,416-555-0123,zoe@patients.example,fr,Face peel,Confirmed,yes,yes"
BAD = "B-2,,2030-03-18 11:30,,Zoë Lachance,416-555-0123 x5,zoe@patients.example,en,Botox,Confirmed,yes,"
WORDS = ("--clinic", "north", "--once", "--settle", "0s")


def drop(aftercare: Command, *rows: str, name: str = "today.csv") -> Path:
    folder = aftercare.folder / "in"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return folder


def test_a_line_says_what_became_of_each_file_and_nothing_of_a_patient(aftercare: Command) -> None:
    folder = drop(aftercare, ZOE)
    assert aftercare.done("watch", "in", *WORDS) == "today.csv: 1 registered: now done/today.csv\n"
    drop(aftercare, ZOE, BAD)
    (folder / "other.csv").write_text("Zoë Lachance,416-555-0123\n", encoding="utf-8")
    (folder / "link.csv").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.csv")
    ended = aftercare.run("watch", "in", *WORDS, "--json")
    assert ended.code == 1
    other, mixed = (json.loads(line) for line in ended.out.splitlines())
    assert (other["file"], other["to"], other["unread"]) == ("other.csv", "refused/other.csv", True)
    assert (mixed["file"], mixed["to"], mixed["unread"]) == ("today.csv", "done/today (2).csv", False)
    assert set(mixed) == {"at", "file", "to", "totals", "unread", "trouble"}
    assert (mixed["totals"]["unchanged"], mixed["totals"]["refused"]) == (1, 1)
    assert "link.csv: is a link" in ended.err
    assert "pipe.csv: is no file" in ended.err
    for secret in (*SECRETS, "Botox"):
        assert secret not in ended.out + ended.err
    assert "intake" in aftercare.done("alerts", "--json")


def test_what_can_not_be_watched_says_why(aftercare: Command) -> None:
    assert aftercare.refused("watch", "nowhere", *WORDS).startswith("there is no folder nowhere: make it")
    folder = drop(aftercare)
    assert "no clinic" in aftercare.refused("watch", "in", "--clinic", "east", "--once")
    assert "whole number" in aftercare.refused("watch", "in", "--clinic", "north", "--settle", "soon", code=2)
    with only_watcher(folder), pytest.raises(TakenError, match="watched by another"), only_watcher(folder):
        pytest.fail("two watch one folder")


@pytest.mark.long
def test_it_runs_beside_a_service_until_it_is_told_to_stop(aftercare: Command) -> None:
    folder = drop(aftercare)
    words = [sys.executable, "-m", "scheduler.cli", "watch", "in", "--clinic", "north", "--settle", "0s"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(words, cwd=aftercare.folder, env=environ, stderr=subprocess.PIPE) as process:
        try:
            for number in range(3):
                drop(aftercare, ZOE, name=f"{number}.csv")
                _until((folder / "done" / f"{number}.csv").exists)
            assert "watched by another" in aftercare.refused("watch", "in", *WORDS)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert len(aftercare.json("timeline", "1")["messages"]) > 0


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)
