"""Where the tests keep their files: in memory where there is room, since what they prove needs no disk.

A commit that waits for a disk is most of what a test of a database costs, and most of its time on a machine whose
disk is shared.
"""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 1_000_000_000
"""Bytes that have to be free: containers often have 64 MB there."""


def in_memory() -> Path | None:
    """Return the folder of a file system in memory that has room, None where there is none."""
    if not os.access(MEMORY, os.W_OK) or not os.path.ismount(MEMORY):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= ROOM else None


def keep_files_in_memory() -> None:
    """Let pytest make its folders there, unless it was told where to make them."""
    place = in_memory()
    if place and "TMPDIR" not in os.environ:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))
