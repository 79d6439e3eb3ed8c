"""The demo as a process of its own, piped or on a terminal, and what it prints."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.acceptance.conftest import ROOT

LINK = re.compile(r"http://127\.0\.0\.1:\d+/desk/login/link/[\w-]+")
PATIENCE, SOON = 60.0, 15.0


@dataclass
class Playing:
    """A demo that runs; `said` is all that it printed so far."""

    process: subprocess.Popen[bytes]
    reading: int
    said: str = ""
    browsers: list[httpx.Client] = field(default_factory=list)

    def until(self, pattern: str) -> re.Match[str]:
        """Read until something is printed."""
        by = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.said)):
            assert time.monotonic() < by, self.said
            self._read()
        return found

    def _read(self) -> None:
        ready, _, _ = select.select([self.reading], [], [], 0.2)
        if ready:
            with suppress(OSError):  # so ends a terminal that nobody has open any more
                self.said += os.read(self.reading, 65536).decode(errors="replace")

    def link(self) -> str:
        return self.until(LINK.pattern + r"(?=[\x1b\r\n])")[0]

    def sign_in(self) -> httpx.Client:
        """Open the link as a browser does, and press its button."""
        link = self.link()
        here = link.partition("/desk")[0]
        browser = httpx.Client(base_url=here, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=True)
        self.browsers.append(browser)
        assert "Sign in" in browser.get(link).text
        assert browser.post(link).url.path == "/desk/"
        return browser

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        by = time.monotonic() + SOON
        while self.process.poll() is None:
            assert time.monotonic() < by, self.said
            self._read()
        self._read()
        return self.process.returncode


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "scheduler.cli", "demo", *words]


def _environ(columns: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
        "COLUMNS": str(columns),
        "LINES": "24",
    }


@contextmanager
def playing(folder: Path, *words: str, terminal: bool = False) -> Iterator[Playing]:
    """Start a demo, piped or on a terminal of 80 columns, and make sure that it ends."""
    reading, writing = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        _command(*words),
        cwd=folder,
        env=_environ(80),
        stdin=writing if terminal else subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    started = Playing(process, reading)
    try:
        yield started
    finally:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()
        os.close(reading)
        for browser in started.browsers:
            browser.close()
