"""How a plan of an edit is printed as it is made: as text for people, or as JSON. Memory does not grow with it."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from scheduler.cli.plan_edits import all_as_they_are, beside_lines, edit_lines
from scheduler.protocols.configuration import Configuration
from scheduler.services.change_totals import Totals
from scheduler.services.changes import Change, ChangeKind, VisitChanges
from scheduler.services.plan_told import Beside, appointment_data, beside_data, edit_data, totals_data, why_of
from scheduler.services.planner import InFlightEdit

TEXTS = "An edited text takes effect at the send, once it is approved."
_KEPT = 1_000_000
"""Characters of rows that are kept in memory; more go to a temporary file."""


class JsonPlan:
    """Prints one object, an appointment a line, in the order of their ids."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._before = '{"appointments": [\n'

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing open: what was printed is printed."""

    def add(self, visit: VisitChanges) -> None:
        """Print a visit that has changes."""
        if visit.changes:
            zone = self._configuration.clinic(visit.appointment.clinic).timezone
            sys.stdout.write(self._before + _line(appointment_data(visit, zone)))
            self._before = ",\n"

    def end(self, edits: Sequence[InFlightEdit], totals: Totals, beside: Beside) -> None:
        """Print the edits, the totals and what stands beside them, which are known at the end."""
        begin = '{"appointments": [' if self._before.startswith("{") else "\n"
        told = [_line(edit_data(it, totals, beside.approver)) for it in edits]
        listed = "[\n" + ",\n".join(told) + "\n]" if told else "[]"
        more = "".join(f',\n"{key}": {_line(value)}' for key, value in beside_data(beside).items())
        sys.stdout.write(f'{begin}],\n"edits": {listed},\n"totals": {_line(totals_data(totals))}{more}}}\n')


class TextPlan:
    """Prints the edits first, with how many appointments each touches; so it keeps the rows, on the disk if many."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._rows = tempfile.SpooledTemporaryFile(_KEPT, "w+", encoding="utf-8")  # noqa: SIM115  (closed below)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()

    def add(self, visit: VisitChanges) -> None:
        """Keep the rows of a visit that has changes."""
        if visit.changes:
            zone = self._configuration.clinic(visit.appointment.clinic).timezone
            self._rows.writelines(f"{line}\n" for line in _lines(visit, zone))

    def end(self, edits: Sequence[InFlightEdit], totals: Totals, beside: Beside) -> None:
        """Print all."""
        sys.stdout.writelines(f"{line}\n" for line in beside_lines(beside))
        if not edits:
            sys.stdout.write(f"Nothing changes: {all_as_they_are(beside.apart)}. {TEXTS}\n")
            return
        sys.stdout.writelines(f"{line}\n" for line in edit_lines(edits, totals, beside.approver))
        self._rows.seek(0)
        shutil.copyfileobj(self._rows, sys.stdout)
        sys.stdout.writelines(f"{line}\n" for line in _total_lines(totals))


def _lines(visit: VisitChanges, zone: ZoneInfo) -> Iterator[str]:
    it = visit.appointment
    yield ""
    yield f"Appointment {it.id}: {it.treatment} at {it.clinic}, {_local(it.starts_at, zone)} ({zone.key})"
    widest = max(len(change.step) for change in visit.changes)
    for change in visit.changes:
        yield f"  {change.kind.value:<7}  {change.step:<{widest}}  {change.channel:<5}  {_times(change, zone)}"
        yield f"           {why_of(change.reasons, zone)}"


def _times(change: Change, zone: ZoneInfo) -> str:
    old, new = (_local(at, zone) if at else "" for at in (change.from_at, change.to_at))
    if change.kind is ChangeKind.MOVED:
        return f"{old} -> {new}"
    return f"was {old}" if change.kind is ChangeKind.DROPPED else new


def _total_lines(totals: Totals) -> Iterator[str]:
    counts = (
        ", ".join(f"{number:,} {word}" for word, number in totals.counts.items() if number) or "no message changes"
    )
    yield ""
    yield (
        f"{_count(totals.appointments, 'appointment')} of {totals.in_flight:,} that an edit may touch: {counts}; "
        f"{totals.unchanged:,} stay as they are, {totals.sent:,} already sent."
    )
    yield f"SMS segments: {totals.segments_added:,} more, {totals.segments_saved:,} fewer. {_cost(totals)}"


def _cost(totals: Totals) -> str:
    said = [
        f"{amount} {currency} {word}"
        for currency, cost in sorted(totals.costs.items())
        for amount, word in ((cost.added, "more"), (cost.saved, "less"))
        if amount
    ]
    if totals.unpriced:
        said.append(f"not known at {', '.join(sorted(totals.unpriced))}, whose file says no sms.price")
    return f"Cost: {', '.join(said) or 'the same'}."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _line(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)
