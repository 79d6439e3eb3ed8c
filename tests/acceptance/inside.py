"""Runs a command inside this process, as a shell would: words, environment, folder, exit code, two streams.

A process of its own costs more than most commands do. What a process proves (signals, kills, two at once) is proved
by those that are started. A fault of the program is raised.
"""

import asyncio
import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import structlog

from scheduler.cli import main


def can_run_inside() -> bool:
    """Whether nothing here stands in the way: environment and folder are those of the whole process."""
    if threading.current_thread() is not threading.main_thread():
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


def run_inside(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> CompletedProcess[str]:
    """Run `aftercare` with these words, in that folder, with that environment and nothing else of ours."""
    out, err = io.StringIO(), io.StringIO()
    with _as_if_started(words, folder, environ), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return CompletedProcess([*words], code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _as_if_started(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Iterator[None]:
    before, argv = dict(os.environ), sys.argv
    try:
        os.environ.clear()
        os.environ.update(environ)
        sys.argv = ["aftercare", *words]
        with contextlib.chdir(folder):
            yield
    finally:
        sys.argv = argv
        os.environ.clear()
        os.environ.update(before)
        structlog.reset_defaults()  # it sent its log lines to a stream that is closed now
