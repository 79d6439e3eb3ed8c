import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.command import Command
from tests.postgres import TEST_KEYS
from tests.services.conftest import texts_dir
from tests.services.house import CONFIG
from tests.store.conftest import migrated_file

__all__ = ["migrated_file", "texts_dir"]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The command in a folder where it never ran, with nothing set."""
    for name in list(os.environ):
        if name.startswith(("AFTERCARE_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield Command(tmp_path, monkeypatch, capfd)
    structlog.reset_defaults()  # the command sends log lines to a stream that is closed now


@pytest.fixture
def aftercare(fresh: Command, texts_dir: Path, migrated_file: Path) -> Command:
    """The command with the tests' own clinics and texts, and an empty database."""
    (fresh.folder / "var").mkdir()
    shutil.copy(migrated_file, fresh.database)
    fresh.set(**TEST_KEYS, AFTERCARE_CONFIG_DIR=str(CONFIG), AFTERCARE_TEMPLATES_DIR=str(texts_dir))
    return fresh
