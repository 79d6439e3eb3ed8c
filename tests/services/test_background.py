"""Work beside requests: one at a time, told in numbers, and never left running for ever."""

import threading
from datetime import UTC, datetime

import pytest

from scheduler.errors import ConflictError
from scheduler.services.background import Background, Job, State

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
HOLD = 30.0


def test_the_same_work_is_begun_once_and_other_work_is_refused_meanwhile() -> None:
    background, go_on = Background("one at a time"), threading.Event()
    first = background.start("a", lambda _job: go_on.wait(HOLD), by="ada", now=NOW)
    assert background.start("a", lambda _job: None, by="bob", now=NOW) is first
    with pytest.raises(ConflictError, match="one at a time"):
        background.start("b", lambda _job: None, by="bob", now=NOW)
    go_on.set()
    background.wait(HOLD)
    assert first.state is State.DONE
    assert background.start("b", lambda _job: None, by="bob", now=NOW) is not first
    background.wait(HOLD)


def test_a_refusal_is_the_jobs_error_in_its_own_words() -> None:
    background = Background("busy")

    def refuse(_job: Job) -> None:
        raise ConflictError("plan again")

    job = background.start("a", refuse, by="ada", now=NOW)
    background.wait(HOLD)
    assert (job.state, job.error) == (State.FAILED, "plan again")


def test_a_file_that_can_not_be_written_is_told_without_a_trace() -> None:
    background = Background("busy")

    def write(_job: Job) -> None:
        raise PermissionError(13, "Permission denied")

    job = background.start("a", write, by="ada", now=NOW)
    background.wait(HOLD)
    assert (job.state, job.error) == (State.FAILED, "a file can't be read or written: Permission denied")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_the_program_ends_the_job_and_is_not_swallowed() -> None:
    background = Background("busy")

    def fail(_job: Job) -> None:
        raise ZeroDivisionError

    job = background.start("a", fail, by="ada", now=NOW)
    background.wait(HOLD)
    assert job.state is State.FAILED
    assert "fault of the program" in job.error


def test_the_end_of_the_service_ends_it_where_it_says_how_far_it_is() -> None:
    background, begun, go_on = Background("busy"), threading.Event(), threading.Event()

    def work(job: Job) -> None:
        job.enter("counting")
        job.tell(1, 3)
        begun.set()
        go_on.wait(HOLD)
        job.tell(2, 3)
        raise AssertionError("it goes no further")

    job = background.start("a", work, by="ada", now=NOW)
    begun.wait(HOLD)
    stopping = threading.Thread(target=background.stop)
    stopping.start()
    assert job._stopping.wait(HOLD)
    go_on.set()
    stopping.join(HOLD)
    assert (job.state, job.phase, job.done, job.total) == (State.STOPPED, "counting", 2, 3)
