import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.settings import Settings, read_settings
from scheduler.store.database import Store, open_store
from tests.postgres import TEST_KEYS

PATIENCE = timedelta(seconds=5)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database, migrated once and copied for each test."""
    folder = tmp_path_factory.mktemp("migrated")
    open_store(read_settings({"AFTERCARE_DATA_DIR": str(folder), **TEST_KEYS})).close()
    return folder / "aftercare.db"


@pytest.fixture
def sqlite_settings(tmp_path: Path, migrated_file: Path) -> Settings:
    shutil.copy(migrated_file, tmp_path / "aftercare.db")
    return read_settings({"AFTERCARE_DATA_DIR": str(tmp_path), **TEST_KEYS})


@pytest.fixture
def postgres_settings(tmp_path: Path, postgres_url: str) -> Settings:
    return read_settings({"AFTERCARE_DATABASE_URL": postgres_url, "AFTERCARE_DATA_DIR": str(tmp_path), **TEST_KEYS})


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings of a migrated, empty database of each kind."""
    found: Settings = request.getfixturevalue(f"{request.param}_settings")
    return found


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings, patience=PATIENCE) as opened:
        yield opened
