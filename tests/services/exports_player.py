"""Plays tests/exports: every export is imported into an empty clinic of its own, and what is said of it is returned.

`python -m tests.services.exports_player NAME` prints that: read it before it becomes an expectation.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from scheduler.clock import FixedClock
from scheduler.domain.localtime import iso
from scheduler.errors import RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load
from scheduler.services.exports.importing import Importer
from scheduler.services.exports.rows import RowReport
from scheduler.services.registration import Result
from scheduler.settings import read_settings
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Store, open_store
from scheduler.store.patients import get_patient
from tests.places import in_memory
from tests.services.house import APPROVED, CONFIG

EXPORTS = Path(__file__).parents[1] / "exports"
TODAY = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
BASE: Mapping[str, Any] = {
    "name": "Sample",
    "timezone": "America/Toronto",
    "languages": ["en", "fr", "es"],
    "country": "CA",
    "phone": "+14165550100",
    "emergency_number": "911",
    "sms": {"from": "+14165550109"},
    "email": {"from": "Sample <care@sample.example>"},
    "on_call": [{"name": "Desk", "sms": "+14165550111", "email": "desk@sample.example"}],
}
_NOT_EXPORTS = (".clinic.yaml", ".report.json", ".md")


@dataclass(frozen=True, slots=True)
class Case:
    """An export and what lies beside it; its clinic has its name."""

    file: Path

    @property
    def name(self) -> str:
        return self.file.name.partition(".")[0]

    @property
    def clinic(self) -> dict[str, Any]:
        fragment = self.file.with_name(f"{self.name}.clinic.yaml")
        return {**BASE, **(YAML(typ="safe").load(fragment) if fragment.exists() else {})}

    @property
    def expected(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.with_name(f"{self.name}.report.json").read_text("utf-8"))
        return found


def cases() -> list[Case]:
    """Return all of them."""
    return [Case(it) for it in sorted(EXPORTS.iterdir()) if it.is_file() and not it.name.endswith(_NOT_EXPORTS)]


def configured(folder: Path, found: list[Case]) -> Configuration:
    """Load a configuration that has a clinic for each case."""
    for kind in ("protocols", "clinics"):
        (folder / kind).mkdir(parents=True)
    for file in (CONFIG / "protocols").iterdir():
        (folder / "protocols" / file.name).write_bytes(file.read_bytes())
    (folder / "aftercare.yaml").write_bytes((CONFIG / "aftercare.yaml").read_bytes())
    for case in found:
        text = json.dumps(case.clinic, ensure_ascii=False, default=str)  # JSON is YAML
        (folder / "clinics" / f"{case.name}.yaml").write_text(text, encoding="utf-8")
    return replace(load(folder), approvals=APPROVED)


def play(store: Store, configuration: Configuration, case: Case) -> dict[str, Any]:
    """Import an export, and return what is said of it, with all that an expectation may have."""
    importer = Importer(store, configuration, FixedClock(TODAY), configuration.clinic(case.name))
    try:
        report = importer.run(case.file)
    except RegistrationError as error:
        return {"refused": str(error)}
    rows = [_row(store, it) for it in report.rows]
    return {"rows": rows, "warnings": list(report.warnings), "unused": list(report.unused)}


def _row(store: Store, report: RowReport) -> dict[str, Any]:
    told = {
        "row": report.row,
        "result": report.result.value,
        "reason": report.reason,
        "who": report.who,
        "when": report.when,
    }
    if report.result is Result.REFUSED or report.appointment is None:
        return told
    with store.read() as tx:
        visit = get_appointment(tx, report.appointment)
        patient = get_patient(tx, visit.patient_id)
    return {
        **told,
        "phone": patient.phone,
        "email": patient.email,
        "language": patient.language,
        "treatment": visit.treatment,
        "external_id": visit.external_id,
        "status": visit.status.value,
        "starts_at": iso(visit.starts_at),
        "ends_at": iso(visit.ends_at) if visit.ends_at else None,
    }


def differences(expected: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    """Say where what is told is not what was expected, by the keys that the expectation has."""
    found = [
        f"{key}: {told.get(key)!r}" for key, value in expected.items() if key != "rows" and told.get(key) != value
    ]
    rows = list(told.get("rows", ()))
    if len(rows) != len(expected.get("rows", ())):
        found.append(f"has {len(rows)} rows: {rows}")
    for wanted, row in zip(expected.get("rows", ()), rows, strict=False):
        found += [f"row {row['row']}, {key}: {row.get(key)!r}" for key in wanted if row.get(key) != wanted[key]]
    return found + [f"refused: {told['refused']}" for _ in (1,) if "refused" in told and "refused" not in expected]


@contextmanager
def playing() -> Iterator[tuple[Store, Configuration, list[Case]]]:
    """Open an empty database and the clinics of all cases."""
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        found = cases()
        settings = read_settings({"AFTERCARE_DATA_DIR": str(Path(folder) / "var")})
        with open_store(settings) as store:
            yield store, configured(Path(folder) / "config", found), found


def main(names: list[str]) -> None:
    """Print what is said of some exports."""
    with playing() as (store, configuration, found):
        for case in found:
            if not names or case.name in names:
                told = play(store, configuration, case)
                sys.stdout.write(f"{case.name}: {json.dumps(told, ensure_ascii=False, indent=1)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
