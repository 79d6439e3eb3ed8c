"""The disk is full, and then it is not: nothing is lost, nothing comes twice, and the service goes on."""

import contextlib
import errno
import resource
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.grounds import Ground, ground
from tests.chaos.play import LEASE

pytestmark = pytest.mark.long

__all__ = ["ground"]

APART = ("unshare", "--user", "--map-root-user", "--mount")
ON_A_SMALL_DISK = 'mount -t tmpfs -o size=24m none var && cp -a kept/. var && exec "$@"'


def may_mount() -> bool:
    """Whether this user may mount something where nobody else sees it."""
    return shutil.which("unshare") is not None and not subprocess.run([*APART, "true"], check=False).returncode


def fill(file: Path) -> None:
    """Write until nothing goes any more."""
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  (what else would end the loop)


def all_taken(ground: Ground, disk: Path) -> bool:
    """Copy the database to where this process can open it, and look (a copy made in mid-write may be torn)."""
    for file in disk.glob("aftercare.db*"):
        shutil.copy(file, ground.site.file.parent)
    with contextlib.suppress(sqlite3.DatabaseError):
        return {row.status for row in ground.rows()} == {"accepted"}
    return False


@pytest.mark.skipif(not may_mount(), reason="this user may not mount a disk of its own")
def test_a_disk_that_is_full_stops_the_sending_in_one_line_and_loses_nothing(ground: Ground) -> None:
    ground.prepare(200)
    shutil.copytree(ground.site.folder / "var", ground.site.folder / "kept")
    with ground.serving(inside=(*APART, "sh", "-c", ON_A_SMALL_DISK, "sh")) as service:
        disk = Path(f"/proc/{service.pid}/root{ground.site.folder}/var")
        fill(disk / "filler")
        ground.fall_due()
        ground.until(lambda: "the disk is full: free some space" in ground.site.said(service))
        (disk / "filler").unlink()
        ground.site.clock.move_by(LEASE)
        ground.until(lambda: ground.handed_over() >= 2 * ground.patients and all_taken(ground, disk))
    ground.check()


def test_a_database_that_may_not_grow_in_the_middle_of_sending_loses_nothing(ground: Ground) -> None:
    """The size of files is limited, which SQLite meets as an error of the disk."""
    ground.prepare(300)
    with ground.serving(largest=ground.site.file.stat().st_size + 200_000) as service:
        ground.fall_due()
        ground.until(lambda: "check the disk" in ground.site.said(service))
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        ground.site.clock.move_by(LEASE)
        ground.settle()
    ground.check()


def test_a_rehearsal_outbox_that_can_take_no_file_keeps_its_messages_until_it_can(ground: Ground) -> None:
    ground.prepare(5)
    ground.site.environ["AFTERCARE_DELIVERY"] = "rehearsal"
    outbox = ground.site.folder / "var" / "outbox"
    outbox.write_text("a file where the folder should be")
    with ground.serving() as service:
        ground.fall_due()
        ground.until(lambda: '"code": "outbox"' in ground.site.said(service))
        outbox.unlink()
        ground.settle()
    kept = [file.read_bytes() for file in outbox.iterdir()]
    to_patients = [it for it in kept if b"To: +1514555" in it or b"@patients.example" in it]
    assert len(to_patients) == 10  # beside them, whoever is on call was told
