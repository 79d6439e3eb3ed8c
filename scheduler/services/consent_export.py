"""The whole consent ledger as a file: who allowed or revoked what, how, in which words and version, and when."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

from scheduler.services.delivery_export import harmless
from scheduler.store.consent_lines import Line, StopLine, ledger_lines, stop_lines
from scheduler.store.database import Tx

COLUMNS = (
    *("record", "id", "clinic", "patient", "patient_id", "name", "address", "channel", "purpose", "verdict"),
    *("source", "by", "wording", "version", "at", "lifted_at", "lifted_by", "patients"),
)
"""The keys of a row. `record` is consent or stop; `patients` are those who have a stopped address today."""

Row = Mapping[str, Any]


class Format(StrEnum):
    """How the export is written."""

    CSV = "csv"
    JSON = "json"


def export(
    tx: Tx, out: TextIO, form: Format, *, clinic: str | None = None, patient: int | None = None, now: datetime
) -> tuple[int, int]:
    """Write all lines and stops, one at a time; return how many of each. Raises KeysError, NotFoundError.

    `out` translates no line ends (`newline=""`). What one transaction sees is one state of the ledger.
    """
    consents = map(_consent, ledger_lines(tx, clinic=clinic, patient=patient))
    stops = map(_stop, stop_lines(tx, clinic=clinic, patient=patient))
    if form is Format.JSON:
        return _write_json(out, consents, stops, now)
    return _write_csv(out, consents, stops)


def _write_csv(out: TextIO, consents: Iterable[Row], stops: Iterable[Row]) -> tuple[int, int]:
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    counts = []
    for rows in (consents, stops):
        count = 0
        for count, row in enumerate(rows, start=1):  # noqa: B007  (the last one is the sum)
            writer.writerow({name: _cell(value) for name, value in row.items()})
        counts.append(count)
    return counts[0], counts[1]


def _write_json(out: TextIO, consents: Iterable[Row], stops: Iterable[Row], now: datetime) -> tuple[int, int]:
    out.write(f'{{"exported_at": {json.dumps(_instant(now))}, "consents": [')
    lines = _write_rows(out, consents)
    out.write('], "stops": [')
    stopped = _write_rows(out, stops)
    out.write("]}\n")
    return lines, stopped


def _write_rows(out: TextIO, rows: Iterable[Row]) -> int:
    count = 0
    for count, text in enumerate(_texts(rows), start=1):
        out.write(("\n" if count == 1 else ",\n") + text)
    return count


def _texts(rows: Iterable[Row]) -> Iterator[str]:
    return (json.dumps(dict(row), ensure_ascii=False) for row in rows)


def _consent(line: Line) -> Row:
    return _row(
        record="consent",
        id=line.id,
        clinic=line.patient.clinic,
        patient=line.patient.id,
        patient_id=line.patient.ref,
        name=line.patient.name,
        address=line.address,
        channel=line.channel.value,
        purpose=line.purpose,
        verdict=line.verdict,
        source=line.source,
        by=line.by,
        wording=line.wording,
        version=line.version,
        at=_instant(line.at),
    )


def _stop(stop: StopLine) -> Row:
    return _row(
        record="stop",
        id=stop.id,
        clinic=stop.clinic,
        address=stop.address,
        channel=stop.channel.value,
        verdict="lifted" if stop.lifted_at else "stopped",
        source=stop.source,
        by=stop.by,
        wording=stop.wording,
        version=stop.version,
        at=_instant(stop.at),
        lifted_at=_instant(stop.lifted_at) if stop.lifted_at else None,
        lifted_by=stop.lifted_by,
        patients=list(stop.patients),
    )


def _row(**values: Any) -> Row:
    return {name: values.get(name) for name in COLUMNS}


def _cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet calculates: what looks like a formula has a ' before it."""
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return harmless(text)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
