"""Starts processes of the real command in a tenth of the time: as forks of one that has loaded all of it.

What is started so is a process like any other, with its own memory, signals, files and exit code: it can be killed
or frozen at any point. Only the loading is not done anew, which is most of what a start costs.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO, NoReturn, Self

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 1 << 16
LOOK = 0.005


class Forked:
    """A process of the nursery, as `subprocess.Popen` has one."""

    def __init__(self, pid: int, told: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = told

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        if self.returncode is None:
            try:
                told = self._told.recv(LARGEST, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            if not told:
                raise AssertionError("the nursery is gone")
            self.returncode = os.waitstatus_to_exitcode(int(told))
            self._told.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, for so many seconds. Raises TimeoutExpired."""
        until = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(LOOK)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.wait()


def start(words: Sequence[str], *, folder: Path, environ: Mapping[str, str], output: BinaryIO) -> Forked:
    """Start `tests.chaos.launch` with these words; what it prints goes into `output`."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        asked = json.dumps([list(words), str(folder), dict(environ)]).encode()
        socket.send_fds(_nursery(), [asked], [output.fileno(), theirs.fileno()])
    return Forked(int(mine.recv(LARGEST)), mine)


@cache
def _nursery() -> socket.socket:
    """Return the way to the nursery of this process, which ends with it."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", __name__, str(theirs.fileno())]
    with theirs:
        process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environ)

    def end() -> None:
        mine.close()
        process.wait(30)

    atexit.register(end)
    return mine


def main() -> None:
    """Load everything, then fork for whoever asks, until nobody can ask any more. A fork leaves by itself."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    _load()
    waking, woken = socket.socketpair()
    waking.setblocking(False)
    signal.set_wakeup_fd(waking.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        for file in (asked, woken):
            selector.register(file, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if woken in ready:
                woken.recv(LARGEST)
                _tell_of_the_dead(children)
            if asked in ready:
                request, files, _, _ = socket.recv_fds(asked, LARGEST, 2)
                if not request:
                    break
                child = os.fork()
                if not child:
                    for file in (asked, waking, woken, *children.values()):
                        file.close()
                    break
                os.close(files[0])
                children[child] = socket.socket(fileno=files[1])
                children[child].send(str(child).encode())
    if request:
        _become(json.loads(request), files)
    for child in children:
        os.kill(child, signal.SIGKILL)


def _load() -> None:
    """Load all of the product, and what starts it; then keep it out of the way of each fork's own memory."""
    gc.disable()
    scheduler = importlib.import_module("scheduler")
    for module in pkgutil.walk_packages(scheduler.__path__, "scheduler."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    importlib.import_module("tests.chaos.launch")
    gc.freeze()


def _tell_of_the_dead(children: dict[int, socket.socket]) -> None:
    for child in list(children):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            with children.pop(child) as told:
                told.send(str(status).encode())


def _become(request: tuple[list[str], str, dict[str, str]], files: Sequence[int]) -> NoReturn:
    """Be the command, in its folder and with its environment, from here to the end."""
    words, folder, environ = request
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(files[0], 1)
    os.dup2(files[0], 2)
    for file in files:
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["launch", *words]
    gc.enable()
    importlib.import_module("tests.chaos.launch").main()
    sys.exit()


if __name__ == "__main__":
    main()
