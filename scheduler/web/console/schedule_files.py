"""What is wrong with the files that an operator edits, as they lie there now."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from scheduler.domain.access import Caller, Permission
from scheduler.protocols.problems import Problem
from scheduler.services.desk import Desk
from scheduler.services.file_checks import sound_since
from scheduler.services.schedule_pages import UNAPPROVED
from scheduler.services.schedule_work import ScheduleWork
from scheduler.web.access import needs
from scheduler.web.console.schedule_words import coded
from scheduler.web.console.shell import Shell

Reader = Annotated[Caller, Depends(needs(Permission.READ, "-"))]


def file_pages(desk: Desk, shell: Shell, work: ScheduleWork) -> APIRouter:
    """Return the route."""
    router = shell.router()

    @router.get("/schedules/file-check")
    def file_check(request: Request, caller: Reader) -> HTMLResponse:
        """Show every problem with file, line, key and a hint."""
        checks = work.checks.look(desk)
        warnings = [it for it in checks.warnings if it.code != UNAPPROVED]
        unapproved = [it for it in checks.warnings if it.code == UNAPPROVED]
        return shell.page(
            request,
            caller,
            "schedules/file_check.html.j2",
            checks=checks,
            failure=work.checks.job.error if work.checks.job else "",
            sound_since=sound_since(desk) if checks.errors else None,
            errors=checks.errors,
            warnings=warnings,
            unapproved=[(name, [it.key for it in some]) for name, some in groupby(unapproved, _file)],
            where=_Where(desk),
            coded=coded,
        )

    return router


def _file(problem: Problem) -> str:
    return f"{problem.file.parent.name}/{problem.file.name}"


class _Where:
    """Says where a problem is, by the names that an operator knows: config/… and templates/…."""

    def __init__(self, desk: Desk) -> None:
        self._folders = {"config": desk.settings.config_dir, "templates": desk.settings.templates_dir}

    def __call__(self, problem: Problem) -> str:
        """Return file and line."""
        for name, folder in self._folders.items():
            if problem.file.is_relative_to(folder):
                return f"{name}/{problem.file.relative_to(folder)}:{problem.line}"
        return f"{problem.file}:{problem.line}"
