"""Appends a record to config/approvals/<treatment>.yaml: what stands there, comments too, is left as it is."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import ConflictError
from scheduler.protocols.approvals import Approval
from scheduler.protocols.folder import APPROVALS
from scheduler.protocols.reading import read_approvals
from scheduler.protocols.source import SIZE_LIMIT

HEAD = """\
# What clinicians approved of {treatment}, each version by its digest. `aftercare approve` appends here: never edit a
# record, and keep this file in version control. A step or text whose digest is in no record is not sent.
approvals:
"""


def approvals_file(config_dir: Path, treatment: str) -> Path:
    """Return the file of a treatment's records, whether it is there or not."""
    return config_dir / APPROVALS / f"{treatment}.yaml"


def append_approval(config_dir: Path, approval: Approval) -> Path:
    """Append a record and return its file; whoever reads meanwhile sees the file as it was or as it is.

    Raises ConflictError where the file can't be written, or would not say afterwards what it has to.
    """
    file = approvals_file(config_dir, approval.treatment)
    try:
        file.parent.mkdir(exist_ok=True)
        with _alone(file.parent):
            _append(file, approval)
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        raise ConflictError(f"{file}: can't be written: {why}: approve where the files are edited") from None
    return file


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from appending meanwhile; a crash frees it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _append(file: Path, approval: Approval) -> None:
    before = read_approvals(file).value if file.exists() else ()
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if not any(line.startswith("approvals:") for line in text.splitlines()):
        text += HEAD.format(treatment=approval.treatment)
    text = f"{text.rstrip()}\n{record_text(approval)}"
    if len(text.encode()) > SIZE_LIMIT:
        hint = f"move it to {file.stem}.old.yaml beside it: its records count there too"
        raise ConflictError(f"{file}: is full at {SIZE_LIMIT:,} bytes: {hint}")
    # Hidden, so that nothing reads it; in the same folder, so that it takes the other's place in one step.
    draft = file.with_name(f".{file.name}")
    try:
        with draft.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        after = read_approvals(draft, treatment=approval.treatment)
        if before is None or after.problems or after.value != (*before, approval):
            raise ConflictError(
                f"{file}: was edited by hand, and can't be appended to: take it back from version control"
            )
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def record_text(approval: Approval) -> str:
    """Return a record as it stands in the file: a line for each step and text, in an order that does not change."""
    lines = [
        f"  - by: {_quoted(approval.by)}",
        f"    role: {_quoted(approval.role)}",
        f"    at: {approval.at:%Y-%m-%dT%H:%M:%SZ}",
        f"    protocol: {approval.protocol}",
        *_block("clinics", approval.clinics),
        *_block("steps", approval.steps),
        *_block("texts", approval.texts),
        f"    sum: {approval.sum}",
    ]
    return "\n".join(lines) + "\n"


def _block(key: str, digests: Mapping[str, str]) -> list[str]:
    if not digests:
        return []
    return [f"    {key}:", *(f"      {name}: {digest}" for name, digest in digests.items())]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
