"""A plan as a file of JSON lines: a header, a line for each visit, a footer that seals them. No patient's data.

The header says what the plan was made from and for; each visit's line, what changes and what that rests on.
"""

import hashlib
import hmac
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from scheduler.errors import ConflictError
from scheduler.protocols.edit_words import words_of
from scheduler.services.changes import VisitChanges
from scheduler.services.planner import InFlightEdit, Planner
from scheduler.services.rests_on import files_digest, rests_on, said_of
from scheduler.services.switching import Pinned
from scheduler.store.database import Tx
from scheduler.store.vault import Vault

VERSION = 1
_AGAIN = "make it anew with `aftercare plan --out`"


@dataclass(frozen=True, slots=True)
class Header:
    """What a plan is for. `files`: a fingerprint of the files; `database`: a check value of where it was made.

    `clinics` are all whose visits it may touch; `clinic` is set where it was narrowed to one.
    """

    made_at: str
    files: str
    database: str
    clinic: str | None
    treatment: str | None
    pinned: Pinned
    edits: tuple[Mapping[str, Any], ...]
    clinics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VisitLine:
    """What a plan says of one visit."""

    appointment: int
    rests_on: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class PlanWriter:
    """Adds visits to a plan that is being written."""

    _file: IO[bytes]
    _hash: Any = field(default_factory=hashlib.sha256)
    _totals: Counter[str] = field(default_factory=Counter)
    _visits: int = 0

    def add(self, visit: VisitChanges) -> None:
        """Add a visit, also one of which only the version changes; in the order of ids."""
        changes = [said_of(change) for change in visit.changes]
        line = {"appointment": visit.appointment.id, "changes": changes, "rests_on": rests_on(visit.visit)}
        self._totals.update(change["change"] for change in changes)
        self._visits += 1
        self.write(line)

    def write(self, data: Mapping[str, Any]) -> None:
        """Write a line."""
        line = json.dumps(data, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        self._hash.update(line)
        self._file.write(line)

    def end(self, vault: Vault) -> None:
        """Write the footer, which vouches for all before it."""
        digest = self._hash.digest()
        seal = _seal(vault, digest)
        self.write({"appointments": self._visits, "totals": dict(self._totals), "sha256": digest.hex(), "seal": seal})


@contextmanager
def writing_plan(path: Path, tx: Tx, planner: Planner, *, now: datetime) -> Iterator[PlanWriter]:
    """Give a writer of a plan that is made in this transaction; the file is there, whole, at the end of the block.

    Only this user may read it. Raises OSError where it can't be written; then, and when the block raises, nothing is.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            writer = PlanWriter(file)
            writer.write(_header(tx, planner, now))
            yield writer
            writer.end(tx.vault)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was read and is whole: `digest` names it."""

    path: Path
    digest: str
    header: Header
    visits: int

    def lines(self, *, above: int = 0) -> Iterator[VisitLine]:
        """Yield the visits above an id, by id, from the disk."""
        with self.path.open("rb") as file:
            next(file)
            for text in file:
                said = json.loads(text)
                if "appointment" in said and said["appointment"] > above:
                    yield VisitLine(said["appointment"], said["rests_on"], tuple(said["changes"]))


def read_plan(path: Path, vault: Vault) -> PlanFile:
    """Read a plan and make sure that it is whole, unchanged, and of this installation; memory does not grow with it.

    Raises ConflictError in words, OSError where it can't be read.
    """
    seen, previous, first = hashlib.sha256(), b"", b""
    with path.open("rb") as file:
        for line in file:
            seen.update(previous)
            first = first or line
            previous = line
    header, footer = _json(first), _json(previous)
    if header.get("aftercare_plan") != VERSION:
        raise ConflictError(f"{path} is no plan of this version of Aftercare: {_AGAIN}")
    digest = seen.digest()
    if footer.get("sha256") != digest.hex():
        raise ConflictError(f"{path} is not as it was written: it was cut off or edited; {_AGAIN}")
    if not hmac.compare_digest(str(footer.get("seal", "")).encode(errors="replace"), _seal(vault, digest).encode()):
        raise ConflictError(f"{path} was not made by this installation: {_AGAIN} here")
    visits = footer.get("appointments")  # not vouched for: it is only shown
    return PlanFile(path, digest.hex(), _read_header(header), visits if isinstance(visits, int) else 0)


def _seal(vault: Vault, digest: bytes) -> str:
    return vault.sign(digest, of="plan_file").hex()


def check_value(vault: Vault) -> str:
    """Return what tells this installation's database from others."""
    return vault.lookup("database", of="plan_file").hex()[:32]


def edit_said(edit: InFlightEdit) -> dict[str, Any]:
    """Return what is kept of an edit: in a plan, and in the history of what was applied."""
    return {
        "treatment": edit.edit.treatment,
        "step": edit.edit.step,
        "edit": edit.edit.kind.value,
        "what": list(words_of(edit.edit)),
        "pinned": edit.pinned,
        "in_flight": edit.visits,
    }


def _header(tx: Tx, planner: Planner, now: datetime) -> dict[str, Any]:
    groups = planner.groups(tx, now=now)
    own = planner.configuration.protocol_for
    return {
        "aftercare_plan": VERSION,
        "made_at": now.isoformat(),
        "files": files_digest(planner.configuration),
        "database": check_value(tx.vault),
        "clinic": planner.clinic,
        "treatment": planner.treatment,
        "pins": sorted(f"{treatment}.{step}" for treatment, step in planner.pinned),
        "edits": [edit_said(it) for it in planner.edits(tx, now=now)],
        "protocols": [
            {
                "clinic": it.clinic,
                "treatment": it.treatment,
                "from": it.digest,
                "to": own(it.clinic, it.treatment).digest,
                "in_flight": it.count,
            }
            for it in groups
        ],
    }


def _read_header(said: Mapping[str, Any]) -> Header:
    pinned = frozenset((treatment, step) for treatment, _, step in (it.partition(".") for it in said["pins"]))
    return Header(
        made_at=said["made_at"],
        files=said["files"],
        database=said["database"],
        clinic=said["clinic"],
        treatment=said["treatment"],
        pinned=pinned,
        edits=tuple(said["edits"]),
        clinics=frozenset(it["clinic"] for it in said["protocols"]),
    )


def _json(line: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
