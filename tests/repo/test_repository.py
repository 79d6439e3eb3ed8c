"""What no file of the repository may hold, and what the package must."""

import os
import re
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling import build

from tests.repo.markdown import ROOT

REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "debian" + ".org", "ubuntu" + ".com")
MACHINES = ("/wor" + "k/", "/tmp/after" + "care", "/home/" + "user", "localhost:" + "3141")


def tracked() -> list[Path]:
    """Every file that belongs to the repository; without git, every file outside of what .gitignore names."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        (str(path.relative_to(ROOT)), word)
        for path in tracked()
        for word in (*REGISTRIES, *MACHINES)
        if word.encode() in path.read_bytes()
    ]
    assert found == []


def test_no_file_holds_a_private_key_or_a_token() -> None:
    secret = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAC[0-9a-f]{32}\b|\bSK[0-9a-f]{32}\b")
    allowed = ROOT / "tests"
    found = [path for path in tracked() if allowed not in path.parents and secret.search(path.read_bytes())]
    assert found == []


def test_every_locked_package_has_hashes() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        entries = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
        assert entries
        assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_package_carries_all_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = ZipFile(tmp_path / build.build_wheel(os.fspath(tmp_path)))
    carried = set(wheel.namelist())
    shipped = {
        f"scheduler/shipped/{path.relative_to(ROOT).as_posix()}"
        for folder in ("config", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    own = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "scheduler").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped | own <= carried
    assert {"scheduler/content/layout.html.j2", "scheduler/store/migrations/versions/0001_first.py"} <= carried
    assert not [name for name in carried if name.startswith(("tests/", "docs/"))]
