"""A clinic's export at the desk: read and reported on first, then imported; sealed in between."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scheduler.errors import ConflictError, NotFoundError, RegistrationError
from scheduler.services.csvfile import CsvFile, parse_csv
from scheduler.services.desk import Desk
from scheduler.services.importing import Importer, ImportReport
from scheduler.services.registration import Result
from scheduler.services.undoing import Undoable, keep
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Store
from scheduler.store.uploads import Upload, drop_upload, finish_upload, get_upload, keep_upload, purge_uploads

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
    """A file that was brought: what is said of it, and what its import did, None before that."""

    id: int
    clinic: str
    by: str
    name: str = field(repr=False)
    report: Report
    result: Report | None


class TooManyRowsError(RegistrationError):
    """The file has more rows than the console takes at once."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"the file has {rows:,} rows, more than {MOST_ROWS:,}: split it, or use `aftercare import`")
        self.rows = rows


def bring(desk: Desk, clinic: str, name: str, data: bytes, *, by: str) -> int:
    """Read a file, say what each row would do, keep both sealed, and return its id; nothing is registered.

    Raises RegistrationError where the file or its header can't be read, or has more than 5,000 rows.
    """
    shown = " ".join(name.split())[:NAME_LIMIT] or "CSV"
    file = parse_csv(data, shown)
    if len(file.rows) > MOST_ROWS:
        raise TooManyRowsError(len(file.rows))
    report = _report(_importer(desk, clinic, by).take(shown, file, dry_run=True))
    now = desk.clock.now()
    with desk.store.write() as tx:
        purge_uploads(tx, now=now)
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
            raise ConflictError("this file is being registered right now: look again in a moment")
        with desk.store.read() as tx:
            upload = get_upload(tx, upload_id, now=desk.clock.now())
        if upload.result is None:
            _carry_out(desk, upload, by)
    desk.wake()
    return look_at(desk, upload_id)


def _carry_out(desk: Desk, upload: Upload, by: str) -> None:
    file: CsvFile = parse_csv(upload.content, upload.name)
    began_at = desk.clock.now()
    done = _importer(desk, upload.clinic, by).take(upload.name, file)
    said = {it.row: it.result for it in _load(upload.report).rows}
    report = _report(done, said)
    new = sorted({it.appointment for it in report.rows if it.result is Result.REGISTERED and it.appointment})
    with desk.store.write() as tx:
        undoable = [Undoable.of(get_appointment(tx, visit), None) for visit in new]
        undo = keep(tx, desk, upload.clinic, "imported", undoable, by=by, began_at=began_at)
        finish_upload(tx, upload.id, _dump(report, undo))


def _importer(desk: Desk, clinic: str, by: str) -> Importer:
    if clinic not in desk.configuration.clinics:
        raise NotFoundError(f"there is no clinic {clinic}")
    return Importer(desk.store, desk.configuration, desk.clock, desk.configuration.clinic(clinic), by)


def _report(done: ImportReport, said: dict[int, Result] | None = None) -> Report:
    rows = tuple(
        Row(it.row, it.result, it.reason, it.appointment, said is not None and said.get(it.row) is not it.result)
        for it in done.rows
    )
    return Report(rows, done.warnings, done.unused)


def _uploaded(upload: Upload) -> Uploaded:
    result = _load(upload.result) if upload.result is not None else None
    return Uploaded(upload.id, upload.clinic, upload.by, upload.name, _load(upload.report), result)


def _dump(report: Report, undo: int | None = None) -> str:
    rows = [(it.row, it.result.value, it.reason, it.appointment, it.differs) for it in report.rows]
    return json.dumps({"rows": rows, "warnings": report.warnings, "unused": report.unused, "undo": undo})


def _load(text: str) -> Report:
    found: dict[str, Any] = json.loads(text)
    return Report(tuple(_rows(found["rows"])), tuple(found["warnings"]), tuple(found["unused"]), found["undo"])


def _rows(found: list[tuple[int, str, str, int | None, bool]]) -> Iterator[Row]:
    for row, result, reason, appointment, differs in found:
        yield Row(row, Result(result), reason, appointment, differs)


def forget(desk: Desk, upload_id: int) -> None:
    """Forget a file that is not to be imported."""
    with desk.store.write() as tx:
        drop_upload(tx, upload_id)


def forget_old(store: Store, *, now: datetime) -> None:
    """Forget the files whose day is over. Commits; raises StoreError."""
    with store.write() as tx:
        purge_uploads(tx, now=now)
