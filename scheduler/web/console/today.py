"""The first page of the desk: what needs a person, what goes out, what did not go well, how the channels are."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from scheduler.domain.access import Caller, Permission
from scheduler.domain.clinic import Clinic
from scheduler.domain.states import Brake
from scheduler.services.deliveries import clinics_of
from scheduler.services.desk import Desk
from scheduler.services.today import Today, today
from scheduler.services.today_health import health
from scheduler.web.access import needs, note
from scheduler.web.console.shell import Shell

Reader = Annotated[Caller, Depends(needs(Permission.READ, "today.seen"))]

_KEPT_BACK = {
    Brake.PAUSE: "pause",
    Brake.CIRCUIT: "brake_circuit",
    Brake.ALARM: "alarm",
    Brake.RATE: "rate",
    Brake.MERGE: "merge",
}
"""Whose words say how many wait for it; other brakes ask a person, and have an alert."""


def today_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the route of the page."""
    router = shell.router()

    @router.get("/")
    def show(request: Request, caller: Reader, clinic: str | None = None) -> HTMLResponse:
        """Show the day of all clinics that the caller may see, or of one."""
        scope = caller.scope(Permission.READ, clinic)
        note(request, clinic=clinic)
        now = desk.clock.now()
        with desk.store.read() as tx:
            page = today(tx, desk.configuration, scope, now=now)
        here = clinics_of(desk.configuration, scope.clinics)
        return shell.page(
            request,
            caller,
            "today/index.html.j2",
            clinic=clinic,
            page=page,
            now=now,
            health=health(desk.store, now=now, live=desk.is_live, workers=not desk.settings.on_sqlite),
            several=len(here) > 1,
            only=here[0].id if len(here) == 1 else None,
            days=_days(here, now),
            kept_back=_kept_back(page),
            say=shell.sayer(request, caller),
        )

    return router


def _days(clinics: Iterable[Clinic], now: datetime) -> list[list[str]]:
    """Return the clinics by the day that it is there, the earliest first: around midnight not all have the same."""
    by_day: dict[date, list[str]] = {}
    for clinic in clinics:
        by_day.setdefault(now.astimezone(clinic.timezone).date(), []).append(clinic.id)
    return [by_day[day] for day in sorted(by_day)]


def _kept_back(page: Today) -> list[tuple[str, int]]:
    """Return the key of the words and the number of each thing that messages wait for."""
    found: dict[str, int] = {}
    for brake, number in page.waiting.counts.items():
        key = _KEPT_BACK.get(brake, "other")
        found[key] = found.get(key, 0) + number
    found |= {"quiet": page.waiting.quiet, "unapproved": page.waiting.unapproved}
    return sorted((key, number) for key, number in found.items() if number)
