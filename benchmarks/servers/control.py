"""Asks a server process, line by line on its standard input and output: what it took, and to begin anew."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from benchmarks.errors import BenchError
from benchmarks.paths import ROOT


@dataclass(frozen=True, slots=True)
class Taken:
    """What a server took since it began anew. `first` and `last` are seconds of its monotonic clock.

    `arrivals` says for each recipient at which second of the wall clock (Unix time) it was taken.
    """

    count: int
    first: float
    last: float
    arrivals: Mapping[str, float]

    def verify(self, expected: int) -> None:
        """Raise BenchError unless each of `expected` messages was taken exactly once."""
        if (self.count, len(self.arrivals)) != (expected, expected):
            raise BenchError(
                f"{expected} messages were to be taken once each, the server took {self.count} "
                f"for {len(self.arrivals)} recipients"
            )

    @property
    def rate(self) -> float:
        """Messages a second between the first and the last."""
        return (self.count - 1) / (self.last - self.first)


class ServerProcess:
    """`with ServerProcess("twilio") as server: ... server.port ... server.taken()`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.servers.{self._name}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._answer()["port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def begin(self, *, latency: float = 0.0) -> None:
        """Forget what was taken; answer from now on after `latency` seconds."""
        self._ask({"do": "begin", "latency": latency})

    def count(self) -> int:
        """Return how many were taken."""
        return int(self._ask({"do": "count"})["count"])

    def taken(self) -> Taken:
        """Return what was taken since `begin`."""
        told = self._ask({"do": "taken"})
        return Taken(told["count"], told["first"], told["last"], told["arrivals"])

    def _ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"the {self._name} server ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


Answer = Callable[[dict[str, Any]], dict[str, Any]]


async def serve(protocol: Callable[[], asyncio.BaseProtocol], answer: Answer) -> None:
    """Serve on a free port of loopback and answer the parent's questions until it is gone."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=2048)
    _say({"port": server.sockets[0].getsockname()[1]})
    questions = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
    while line := await questions.readline():
        _say(answer(json.loads(line)))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
