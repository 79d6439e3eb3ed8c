"""The visits of a plan in a file, a line each, so that any page of them is read without the others."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

from scheduler.domain.reasons import dump_reasons
from scheduler.services.changes import VisitChanges
from scheduler.services.plan_told import appointment_data

PAGE = 50
"""Visits on a page."""


class PlanRows:
    """Writes them, in the order of ids, then reads pages. Only this user may read the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._starts: list[int] = []
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file:
            self._file.close()

    def add(self, visit: VisitChanges, zone: Any) -> None:
        """Keep what changes for a visit; one without changes is left out."""
        if not visit.changes or not self._file:
            return
        if self.count % PAGE == 0:
            self._starts.append(self._file.tell())
        told = appointment_data(visit, zone)
        for change, data in zip(visit.changes, told["changes"], strict=True):
            data["reasons"] = dump_reasons(change.reasons)
        self._file.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")
        self.count += 1

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return len(self._starts)

    def page(self, number: int) -> list[Mapping[str, Any]]:
        """Return a page, counted from 1: what `plan --json` says of each; [] for one that is not there.

        Each change has also its `reasons`, as `domain.reasons.load_reasons` takes them.

        Raises OSError where the file is gone.
        """
        if not 1 <= number <= self.pages:
            return []
        with self.path.open("rb") as file:
            file.seek(self._starts[number - 1])
            return [json.loads(line) for line, _ in zip(file, range(PAGE), strict=False)]
