"""What runs beside the pages of schedules for a process, whatever edition of the files it works by."""

from dataclasses import dataclass, field

from scheduler.services.applying_jobs import ApplyingJobs
from scheduler.services.file_checks import FileChecks
from scheduler.services.flight_counts import FlightCounts
from scheduler.services.planning_jobs import PlanningJobs

_A_CHECK = 5.0
"""Seconds that a check of the files gets to end."""


@dataclass(frozen=True, slots=True)
class ScheduleWork:
    """Made once for a process; `stop` it before the store is closed."""

    plans: PlanningJobs = field(default_factory=PlanningJobs)
    applies: ApplyingJobs = field(default_factory=ApplyingJobs)
    checks: FileChecks = field(default_factory=FileChecks)
    flight: FlightCounts = field(default_factory=FlightCounts)

    def __post_init__(self) -> None:
        """Let what was counted be counted anew after an apply."""
        self.applies.on_end = self.flight.forget

    def stop(self) -> None:
        """Let what runs come to an end; blocks for seconds. A plan is lost, an apply is gone on with later."""
        self.plans.stop()
        self.applies.stop()
        self.checks.wait(_A_CHECK)
