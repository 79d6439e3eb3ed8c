"""Whether all is well: what the doctor finds, looked for at most once a minute, since looking takes seconds."""

from time import monotonic
from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import ConfigDict

from scheduler.domain.access import EVERY_CLINIC, Caller, Permission
from scheduler.errors import ForbiddenError
from scheduler.services.desk import Desk
from scheduler.services.examining import Examined, Examiner
from scheduler.services.finding import Finding, Health
from scheduler.web.access import needs
from scheduler.web.api.fields import Instant, Output, Tags
from scheduler.web.api.samples import AT, FINDING

TAGS: Tags = ["installation"]
FRESH_FOR = 60
"""Seconds."""


class FindingShown(Output):
    """How one part of the installation is, and what mends it."""

    part: str
    health: Health
    message: str
    remedy: str

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """Show a finding."""
        return cls(part=finding.part, health=finding.health, message=finding.message, remedy=finding.remedy)


class HealthShown(Output):
    """How the whole installation was `at` an instant: as its worst part."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"at": AT, "health": "well", "findings": [FINDING]}]})

    at: Instant
    health: Health
    findings: list[FindingShown]


class Checkup:
    """Remembers what was found for a minute; who asks meanwhile gets that."""

    def __init__(self, desk: Desk) -> None:
        self._examiner = Examiner(desk.settings, desk.clock)
        self._looked_at: float | None = None

    def look(self) -> Examined:
        """Return what was found lately, or look. Blocks."""
        last = self._examiner.last
        if last and self._looked_at is not None and monotonic() - self._looked_at < FRESH_FOR:
            return last
        found = self._examiner.examine()
        self._looked_at = monotonic()
        return found


def add_health(api: APIRouter, desk: Desk) -> None:
    """Add the route."""
    checkup = Checkup(desk)

    @api.get("/health", tags=TAGS)
    def health(caller: Annotated[Caller, Depends(needs(Permission.OPERATE, "health.seen"))]) -> HealthShown:
        """Look the whole installation over, as `aftercare doctor` does; what was found is shown for a minute.

        It tells of all clinics: the key needs the permission at every one.
        """
        if not caller.may(Permission.OPERATE, EVERY_CLINIC):
            raise ForbiddenError("what concerns every clinic needs a key for every clinic: ask an administrator")
        found = checkup.look()
        order = list(Health)
        worst = max((it.health for it in found.findings), key=order.index, default=Health.WELL)
        return HealthShown(at=found.at, health=worst, findings=[FindingShown.of(it) for it in found.findings])
