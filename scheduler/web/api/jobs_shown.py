"""Work that goes on beside requests, as the API shows it."""

from typing import Self

from pydantic import ConfigDict

from scheduler.services.background import Job, State
from scheduler.web.api.fields import Instant, Output
from scheduler.web.api.samples_schedules import JOB


class JobShown(Output):
    """One piece of work: `done` of `total` how far its `phase` is, `error` why it failed or was refused."""

    state: State
    phase: str
    done: int
    total: int | None
    by: str
    began_at: Instant
    error: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """Show it."""
        same = ("state", "phase", "done", "total", "by", "began_at")
        return cls.model_validate({**{name: getattr(job, name) for name in same}, "error": job.error or None})


class StartedShown(Output):
    """The work that goes on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"job": JOB}]})

    job: JobShown
