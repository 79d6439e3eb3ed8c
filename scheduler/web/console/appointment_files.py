"""A clinic's export in the console: brought, reported on row by row, registered."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from scheduler.domain.access import Caller, Permission
from scheduler.errors import RegistrationError
from scheduler.services.desk import Desk
from scheduler.services.exports.guessing import propose_for
from scheduler.services.exports.proposal import Proposal
from scheduler.services.registration import Result
from scheduler.services.undoing import is_open
from scheduler.services.uploading import (
    MOST_BYTES,
    MOST_ROWS,
    TooManyRowsError,
    Uploaded,
    bring,
    carry_out,
    forget,
    look_at,
)
from scheduler.web.access import needs, note
from scheduler.web.console.places import bookable
from scheduler.web.console.posted import whole
from scheduler.web.console.refusals import told_of_file, why_of_row
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words

Number = Annotated[int, Path(ge=1, lt=2**63)]
PATH = "/appointments/import"
_A_FORM = 64 * 1024
"""Bytes around a file: the other fields, and what separates them."""
_ROWS = 100


class _InMemory(MultiPartParser):
    """Reads forms with files without ever writing one to the disk, where it would lie in clear."""

    spool_max_size = MOST_BYTES + _A_FORM

    def close(self) -> None:
        """Free the memory of what was read, to the end or not."""
        for file in self._files_to_close_on_error:
            file.close()


async def brought(request: Request) -> tuple[str, str, bytes]:
    """Read the clinic, the name and the bytes of a file. Answers 413 while reading, 422 for what is no such form."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=5)
    try:
        form = await parser.parse()
        file, clinic = form.get("file"), form.get("clinic")
        if not isinstance(file, UploadFile) or not isinstance(clinic, str):
            return str(clinic or ""), "", b""
        data = await file.read()
    except MultiPartException:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY) from None
    finally:
        parser.close()
    if len(data) > MOST_BYTES:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return clinic, file.filename or "", data


def file_pages(router: APIRouter, desk: Desk, shell: Shell) -> None:
    """Add the routes."""
    pages = _Files(desk, shell)

    @router.get(PATH)
    def ask(request: Request, caller: Annotated[Caller, Depends(needs(Permission.BOOK, "-"))]) -> Response:
        """Ask for a file."""
        return pages.ask(request, caller, request.query_params.get("clinic"))

    @router.post(PATH, max_body_size=MOST_BYTES + _A_FORM)
    def bring_it(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.brought"))],
        given: Annotated[tuple[str, str, bytes], Depends(brought)],
    ) -> Response:
        """Look at a file and lead to what is said of it."""
        return pages.bring(request, caller, *given)

    @router.get(f"{PATH}/{{number}}")
    def report(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.seen"))], number: Number
    ) -> Response:
        """Show what each row would do, or did."""
        return pages.report(request, caller, number)

    @router.post(f"{PATH}/{{number}}")
    def register(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.imported"))],
        number: Number,
    ) -> Response:
        """Register the good rows."""
        return pages.register(request, caller, number)

    @router.post(f"{PATH}/{{number}}/forget")
    def forget_it(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.forgotten"))],
        number: Number,
    ) -> Response:
        """Forget a file."""
        begun = pages.uploaded(request, caller, number).so_far
        forget(desk, number)
        return shell.go(request, PATH, said=f"appointments.said.forgotten{'_partly' if begun else ''}")


class _Files:
    """Shows forms and reports."""

    def __init__(self, desk: Desk, shell: Shell) -> None:
        self._desk, self._shell = desk, shell

    def ask(
        self,
        request: Request,
        caller: Caller,
        clinic: str | None,
        *,
        problem: str | None = None,
        proposal: Proposal | None = None,
        status: int = 200,
    ) -> Response:
        places = bookable(self._desk, caller)
        return self._shell.page(
            request,
            caller,
            "appointments/file.html.j2",
            status=status,
            places=places,
            chosen=clinic if clinic in dict(places) else None,
            problems=[("file", problem)] if problem else [],
            proposal=proposal.yaml() if proposal else None,
            most_rows=MOST_ROWS,
            most_megabytes=MOST_BYTES // 1024 // 1024,
        )

    def bring(self, request: Request, caller: Caller, clinic: str, name: str, data: bytes) -> Response:
        said = words(self._shell.language(request, caller))["appointments"]["file"]
        if not data:
            return self.ask(request, caller, clinic, problem=said["no_file"], status=422)
        caller.demand(Permission.BOOK, clinic)
        try:
            number = bring(self._desk, clinic, name, data, by=caller.label)
        except TooManyRowsError:
            return self.ask(request, caller, clinic, problem=said["too_many"].format(most=MOST_ROWS), status=422)
        except RegistrationError as error:
            proposal = propose_for(self._desk.configuration, clinic, name, data)
            told = told_of_file(self._shell.sayer(request, caller, clinic), error)
            return self.ask(request, caller, clinic, problem=told, proposal=proposal, status=422)
        note(request, clinic=clinic, subject=f"upload/{number}")
        return self._shell.go(request, f"{PATH}/{number}")

    def report(self, request: Request, caller: Caller, number: int) -> Response:
        uploaded = self.uploaded(request, caller, number)
        told = uploaded.result or uploaded.report
        only = request.query_params.get("only")
        rows = [it for it in told.rows if not only or _is_wanted(only, it.result, differs=it.differs)]
        first = whole(request.query_params.get("row", "")) or 0
        rest = [it for it in rows if it.row >= first]
        path = f"{PATH}/{number}"
        return self._shell.page(
            request,
            caller,
            "appointments/report.html.j2",
            uploaded=uploaded,
            told=told,
            why=partial(why_of_row, self._shell.sayer(request, caller, uploaded.clinic)),
            rows=rest[:_ROWS],
            only=only,
            path=path,
            undo=undo if (undo := told.undo) and is_open(self._desk, undo, by=caller.label) else None,
            earlier=self._shell.address(path, only=only) if len(rest) < len(rows) else None,
            later=self._shell.address(path, only=only, row=rest[_ROWS].row) if len(rest) > _ROWS else None,
        )

    def register(self, request: Request, caller: Caller, number: int) -> Response:
        self.uploaded(request, caller, number)
        done = carry_out(self._desk, number, by=caller.label).result
        assert done is not None
        link = f"/appointments/undo/{done.undo}" if done.undo else None
        new = done.totals[Result.REGISTERED]
        return self._shell.go(request, f"{PATH}/{number}", said="appointments.said.imported", count=new, link=link)

    def uploaded(self, request: Request, caller: Caller, number: int) -> Uploaded:
        """Return a file that this caller may see. Raises NotFoundError, ForbiddenError."""
        uploaded = look_at(self._desk, number)
        caller.demand(Permission.BOOK, uploaded.clinic)
        note(request, clinic=uploaded.clinic, subject=f"upload/{number}")
        return uploaded


def _is_wanted(only: str, result: Result, *, differs: bool) -> bool:
    return differs if only == "different" else result == only
