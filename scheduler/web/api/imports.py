"""A clinic's export: brought and reported on row by row first, then imported."""

from email.message import Message
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.errors import NotFoundError
from scheduler.services import uploading
from scheduler.services.desk import Desk
from scheduler.services.registration import Result
from scheduler.services.uploading import MOST_BYTES, Report, Uploaded
from scheduler.web.access import needs, note
from scheduler.web.api.body import FileBody
from scheduler.web.api.fields import IdOfPath, Input, Output, Slug, Tags
from scheduler.web.api.samples_files import CSV, FORGOTTEN, IMPORT, LOOKED_AT

TAGS: Tags = ["appointments"]
CREATED = 201
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA = (
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    _XLSX,
    "application/vnd.ms-excel",  # what Windows calls a CSV file
    "application/octet-stream",
)
_FILE = {"schema": {"type": "string", "format": "binary", "examples": ["(the bytes of the file)"]}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The export as it is: text with comma, semicolon, tab or pipe in UTF-8, UTF-16, Windows-1252 "
        "or Mac Roman, or a workbook (.xlsx); at most 10 MiB and 5,000 rows. What it is, its content says.",
        "content": {
            "text/csv": {"schema": {"type": "string", "examples": [CSV]}},
            _XLSX: _FILE,
            "application/octet-stream": _FILE,
        },
    }
}
_NAME_LIMIT = 300
Disposition = Annotated[
    str | None,
    Header(
        alias="Content-Disposition",
        description='The name of the file, by which errors call it: attachment; filename="week.csv".',
    ),
]


class ImportQuery(Input):
    """Whose export it is."""

    clinic: Slug


class RowShown(Output):
    """What becomes, or became, of one row; `row` is its line. `appointment` null: none is registered."""

    row: int
    result: Result
    reason: str
    appointment: int | None


class ReportShown(Output):
    """What is said of a file, as `aftercare import --json` says it; from the columns in `unused` nothing is read."""

    model_config = ConfigDict(json_schema_extra={"examples": [LOOKED_AT]})

    rows: list[RowShown]
    totals: dict[Result, int]
    warnings: list[str]
    unused: list[str]

    @classmethod
    def of(cls, report: Report) -> Self:
        """Show a report."""
        rows = [
            RowShown(row=it.row, result=it.result, reason=it.reason, appointment=it.appointment) for it in report.rows
        ]
        return cls(rows=rows, totals=report.totals, warnings=list(report.warnings), unused=list(report.unused))


class ImportShown(Output):
    """One file: `report` says what each row would do, `result` what it did, null before that.

    `undo` takes what was registered back. A file is kept for 24 hours, sealed; its rows are forgotten once imported.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [IMPORT]})

    id: int
    clinic: str
    by: str
    report: ReportShown
    result: ReportShown | None
    undo: int | None

    @classmethod
    def of(cls, it: Uploaded) -> Self:
        """Show a file."""
        return cls(
            id=it.id,
            clinic=it.clinic,
            by=it.by,
            report=ReportShown.of(it.report),
            result=ReportShown.of(it.result) if it.result else None,
            undo=it.result.undo if it.result else None,
        )


class ForgottenShown(Output):
    """A file that is not kept any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [FORGOTTEN]})

    id: int
    result: Literal["forgotten"]


def add_imports(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.post("/imports", tags=TAGS, status_code=CREATED, openapi_extra=BODY)
    def bring(
        request: Request,
        query: Annotated[ImportQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.brought"))],
        file: Annotated[bytes, Depends(FileBody(MEDIA, MOST_BYTES))],
        disposition: Disposition = None,
    ) -> ImportShown:
        """Bring a clinic's export, and return what each row would do. Nothing is registered yet."""
        caller.demand(Permission.BOOK, query.clinic)
        if query.clinic not in desk.configuration.clinics:
            raise NotFoundError
        made = uploading.bring(desk, query.clinic, name_in(disposition), file, by=caller.label)
        note(request, clinic=query.clinic, subject=f"upload/{made}")
        return ImportShown.of(uploading.look_at(desk, made))

    @api.get("/imports/{upload:record}", tags=TAGS)
    def get_one(
        upload: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.seen"))],
    ) -> ImportShown:
        """Return what each row would do, and did."""
        return ImportShown.of(_visible(desk, request, caller, upload))

    @api.post("/imports/{upload:record}/carry-out", tags=TAGS)
    def carry_out(
        upload: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.imported"))],
    ) -> ImportShown:
        """Register the good rows. A second time changes nothing and says the same."""
        _visible(desk, request, caller, upload)
        return ImportShown.of(uploading.carry_out(desk, upload, by=caller.label))

    @api.delete("/imports/{upload:record}", tags=TAGS)
    def forget(
        upload: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.forgotten"))],
    ) -> ForgottenShown:
        """Forget a file and what is said of it; what was imported stays."""
        _visible(desk, request, caller, upload)
        uploading.forget(desk, upload)
        return ForgottenShown(id=upload, result="forgotten")


def name_in(disposition: str | None) -> str:
    """Return the name that a program gave its file, "" for none: in a header, since addresses are in logs."""
    if not disposition or len(disposition) > _NAME_LIMIT:
        return ""
    said = Message()
    said["Content-Disposition"] = disposition
    return (said.get_filename() or "").rpartition("/")[2]


def _visible(desk: Desk, request: Request, caller: Caller, upload: int) -> Uploaded:
    """Return a file that the caller may see. Raises NotFoundError or ForbiddenError."""
    found = uploading.look_at(desk, upload)
    note(request, clinic=found.clinic, subject=f"upload/{upload}")
    caller.demand(Permission.BOOK, found.clinic)
    return found
