"""A clinic's export at the desk: read and reported on first, then imported; sealed in between."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from scheduler.domain.why import Why
from scheduler.errors import ConflictError, NotFoundError, RegistrationError
from scheduler.services.desk import Desk
from scheduler.services.exports.importing import Importer, ImportReport
from scheduler.services.exports.rows import RowReport
from scheduler.services.registration import Result
from scheduler.services.undoing import Undoable, keep
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx
from scheduler.store.uploads import (
    Upload,
    drop_upload,
    finish_upload,
    get_upload,
    keep_upload,
    note_upload,
)

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 5_000
"""What is answered while somebody waits; `aftercare import` takes any number."""
KEPT_FOR = timedelta(hours=24)
NAME_LIMIT = 100
_TURNS = 8
"""Imports that go on at once, at most: on SQLite each turn is a small file beside the database."""


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes, or became, of one row of a file; `row` is its line. `reason` may quote a cell."""

    row: int
    result: Result
    reason: str = field(repr=False)
    appointment: int | None
    differs: bool = False
    """Whether the import ended otherwise than the look before it had said."""
    who: str = field(default="", repr=False)
    when: str = field(default="", repr=False)
    """The name in the row, and the start of its visit on the clinic's clock: see `RowReport`."""
    why: tuple[Why, ...] = field(default=(), repr=False)

    @property
    def is_good(self) -> bool:
        """Whether it is taken."""
        return self.result is not Result.REFUSED


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of a file: each row in its order, warnings, columns that nothing is read from."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = field(repr=False)
    unused: tuple[str, ...] = field(repr=False)
    undo: int | None = None
    began_at: datetime | None = None
    """Of an import that did not come to its end: when it began (aware UTC)."""
    doubts: tuple[str, ...] = field(default=(), repr=False)
    """Those of the warnings that are about the file itself: see `ImportReport`."""

    @property
    def totals(self) -> dict[Result, int]:
        """How many rows end in each result."""
        return {result: sum(it.result is result for it in self.rows) for result in Result}

    @property
    def changing(self) -> int:
        """How many rows change something."""
        return sum(it.result not in (Result.REFUSED, Result.UNCHANGED) for it in self.rows)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that was brought: what is said of it, and what its import did, None before that.

    `so_far` is what an import has done that goes on still, or was stopped: with its batch each row is on record.
    """

    id: int
    clinic: str
    by: str
    name: str = field(repr=False)
    report: Report
    result: Report | None
    so_far: Report | None = None

    @property
    def left(self) -> int:
        """How many rows that change something are still to be taken."""
        return self.report.changing - (self.so_far.changing if self.so_far else 0)


class TooManyRowsError(RegistrationError):
    """The file has more rows than the console takes at once."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"the file has {rows:,} rows, more than {MOST_ROWS:,}: split it, or use `aftercare import`")
        self.rows = rows


def bring(desk: Desk, clinic: str, name: str, data: bytes, *, by: str) -> int:
    """Read a file, say what each row would do, keep both sealed, and return its id; nothing is registered.

    Raises RegistrationError where the file or its header can't be read, or has more than 5,000 rows.
    """
    shown = " ".join(name.split())[:NAME_LIMIT] or "export"
    importer = _importer(desk, clinic, by)
    table = importer.read(shown, data)
    if table.total > MOST_ROWS:
        raise TooManyRowsError(table.total)
    report = _report(importer.take(table, dry_run=True))
    now = desk.clock.now()
    with desk.store.write() as tx:
        return keep_upload(
            tx, clinic=clinic, by=by, name=shown, content=data, report=_dump(report), now=now, until=now + KEPT_FOR
        )


def look_at(desk: Desk, upload_id: int) -> Uploaded:
    """Return what is said of a file that was brought. Raises NotFoundError, also when its day is over."""
    with desk.store.read() as tx:
        return _uploaded(get_upload(tx, upload_id, now=desk.clock.now()))


def carry_out(desk: Desk, upload_id: int, *, by: str) -> Uploaded:
    """Import the good rows of a file; a second time changes nothing and says the same.

    Raises NotFoundError, ConflictError while another request does it.
    """
    with desk.store.turn(f"upload-{upload_id % _TURNS}") as mine:
        if not mine:
            said = "this file is being registered right now: look again in a moment"
            raise ConflictError(said, code="file_at_work")
        with desk.store.read() as tx:
            upload = get_upload(tx, upload_id, now=desk.clock.now())
        if _uploaded(upload).result is None:
            _carry_out(desk, upload, by)
    desk.wake()
    return look_at(desk, upload_id)


def _carry_out(desk: Desk, upload: Upload, by: str) -> None:
    """Import the file to its end. What an import did before that was stopped counts as done by this one."""
    importer, reports = _importer(desk, upload.clinic, by), list[RowReport]()
    before = _uploaded(upload).so_far
    began_at = (before and before.began_at) or desk.clock.now()
    said = {it.row: it.result for it in _load(upload.report).rows}

    def note_so_far(tx: Tx, batch: Sequence[RowReport]) -> None:
        reports.extend(batch)
        rows = _with_before(_rows_of(reports, said), before)
        note_upload(tx, upload.id, _dump(replace(Report(rows, (), ()), began_at=began_at)))

    done = importer.take(importer.read(upload.name, upload.content), noted=note_so_far)
    rows = _with_before(_rows_of(done.rows, said), before)
    report = Report(rows, done.warnings, done.unused, doubts=done.doubts)
    new = sorted({it.appointment for it in report.rows if it.result is Result.REGISTERED and it.appointment})
    with desk.store.write() as tx:
        undoable = [Undoable.of(get_appointment(tx, visit), None) for visit in new]
        undo = keep(tx, desk, upload.clinic, "imported", undoable, by=by, began_at=began_at)
        finish_upload(tx, upload.id, _dump(replace(report, undo=undo)))


def _with_before(rows: Sequence[Row], before: Report | None) -> tuple[Row, ...]:
    """Return the rows, and those of which an import that was stopped had done something as it left them.

    So a row that was registered before the stop says so, instead of that it is known.
    """
    did = before.rows if before else ()
    done = {it.row: it for it in did if it.result not in (Result.REFUSED, Result.UNCHANGED)}
    merged = {it.row: it for it in rows} | done
    return tuple(merged[line] for line in sorted(merged))


def _importer(desk: Desk, clinic: str, by: str) -> Importer:
    if clinic not in desk.configuration.clinics:
        raise NotFoundError(f"there is no clinic {clinic}")
    return Importer(desk.store, desk.configuration, desk.clock, desk.configuration.clinic(clinic), by)


def _report(done: ImportReport) -> Report:
    return Report(_rows_of(done.rows, None), done.warnings, done.unused, doubts=done.doubts)


def _rows_of(reports: Sequence[RowReport], said: Mapping[int, Result] | None) -> tuple[Row, ...]:
    return tuple(
        Row(
            row=it.row,
            result=it.result,
            reason=it.reason,
            appointment=it.appointment,
            differs=said is not None and said.get(it.row) is not it.result,
            who=it.who,
            when=it.when,
            why=it.why,
        )
        for it in reports
    )


def _uploaded(upload: Upload) -> Uploaded:
    told, report = _load(upload.result) if upload.result is not None else None, _load(upload.report)
    ended = told if told and told.began_at is None else None
    return Uploaded(upload.id, upload.clinic, upload.by, upload.name, report, ended, None if ended else told)


def _dump(report: Report) -> str:
    rows = [
        (it.row, it.result.value, it.reason, it.appointment, it.differs, it.who, it.when, _plain(it.why))
        for it in report.rows
    ]
    began_at = report.began_at.isoformat() if report.began_at else None
    told = {"warnings": report.warnings, "unused": report.unused, "doubts": report.doubts}
    return json.dumps({"rows": rows, **told, "undo": report.undo, "began_at": began_at})


def _plain(why: Sequence[Why]) -> list[tuple[str, dict[str, str]]]:
    return [(it.code, dict(it.values)) for it in why]


def _load(text: str) -> Report:
    found: dict[str, Any] = json.loads(text)
    began_at = datetime.fromisoformat(found["began_at"]) if found.get("began_at") else None
    told = tuple(found["warnings"]), tuple(found["unused"]), found["undo"]
    return Report(tuple(_rows(found["rows"])), *told, began_at, tuple(found.get("doubts", ())))


def _rows(found: Sequence[Sequence[Any]]) -> Iterator[Row]:
    for row, result, reason, appointment, differs, who, when, why in found:
        yield Row(row, Result(result), reason, appointment, differs, who, when, tuple(Why(*it) for it in why))


def forget(desk: Desk, upload_id: int) -> None:
    """Forget a file that is not to be imported."""
    with desk.store.write() as tx:
        drop_upload(tx, upload_id)
