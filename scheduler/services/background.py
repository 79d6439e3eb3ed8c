"""Work that takes longer than a request may: one at a time, on a thread, with progress in numbers.

What it has come to is kept in the memory of this process: after a restart nothing is known of it here.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from scheduler.errors import AftercareError, ConflictError

_PATIENCE = 20.0
"""Seconds that work gets to come to a place where it may end, when the service does."""


class StoppedError(AftercareError):
    """The service was stopped before this had come to its end: start it again."""


class State(StrEnum):
    """How a piece of work stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """It was refused, or could not be done: `error` says why."""
    STOPPED = "stopped"
    """The service was told to stop meanwhile."""


@dataclass(slots=True)
class Job:
    """One piece of work: `name` says of what, so that the same is not done twice; `began_at` is aware UTC.

    `phase` is a code of what is done now, `done` of `total` how far that is; `total` None where nobody can tell.
    """

    name: str
    by: str
    began_at: datetime
    phase: str = ""
    done: int = 0
    total: int | None = None
    state: State = State.RUNNING
    error: str = ""
    _stopping: threading.Event = field(default_factory=threading.Event, repr=False)

    def tell(self, done: int, total: int) -> None:
        """Say how far it is. Raises StoppedError where the service is to end: call it where that may happen."""
        self.done, self.total = done, total
        if self._stopping.is_set():
            raise StoppedError

    def enter(self, phase: str) -> None:
        """Begin another phase, of which nothing is done yet."""
        self.phase, self.done, self.total = phase, 0, None


class Background:
    """Does one piece of work at a time for this process. `busy` is what is said to who comes meanwhile."""

    def __init__(self, busy: str) -> None:
        self._busy = busy
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.job: Job | None = None
        """The last that was begun."""

    def start(self, name: str, work: Callable[[Job], object], *, by: str, now: datetime) -> Job:
        """Begin the work and return at once; where the same is being done already, return that.

        Raises ConflictError while something else is done.
        """
        with self._lock:
            known = self.job
            if known and known.state is State.RUNNING:
                if known.name == name:
                    return known
                raise ConflictError(self._busy, code="busy")
            job = self.job = Job(name, by, now, _stopping=self._stopping)
            # A daemon: nothing of it may keep a process that is told to end. What it writes is in transactions.
            self._thread = threading.Thread(target=_do, args=(job, work), name=f"background-{name[:12]}", daemon=True)
            self._thread.start()
            return job

    def wait(self, timeout: float | None = None) -> None:
        """Wait until nothing is being done, so many seconds at most."""
        if self._thread:
            self._thread.join(timeout)

    def stop(self) -> None:
        """Let what is being done end at the next place where it may. Blocks for seconds."""
        self._stopping.set()
        self.wait(_PATIENCE)


def _do(job: Job, work: Callable[[Job], object]) -> None:
    """Do it. A fault of the program ends the thread with its trace on standard error, and nobody waits for ever."""
    state, job_error = State.FAILED, "this ended by a fault of the program: its log says more"
    try:
        work(job)
        state, job_error = State.DONE, ""
    except StoppedError as error:
        state, job_error = State.STOPPED, str(error)
    except AftercareError as error:
        job_error = str(error)
    except OSError as error:
        job_error = f"a file can't be read or written: {error.strerror}"
    finally:
        job.error, job.state = job_error, state
