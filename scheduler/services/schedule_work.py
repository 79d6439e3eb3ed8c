"""What runs beside the pages of schedules for a process, whatever edition of the files it works by."""

from dataclasses import dataclass, field

from scheduler.services.applying_jobs import ApplyingJobs
from scheduler.services.file_checks import FileChecks
from scheduler.services.planning_jobs import PlanningJobs
from scheduler.services.test_sends import SendLimit


@dataclass(frozen=True, slots=True)
class ScheduleWork:
    """Made once for a process; `stop` it before the store is closed."""

    plans: PlanningJobs = field(default_factory=PlanningJobs)
    applies: ApplyingJobs = field(default_factory=ApplyingJobs)
    checks: FileChecks = field(default_factory=FileChecks)
    sends: SendLimit = field(default_factory=SendLimit)

    def stop(self) -> None:
        """Let what runs come to an end; blocks for seconds. Plans are lost, applies are gone on with later."""
        self.plans.stop()
        self.applies.stop()
        self.checks.wait(5)
