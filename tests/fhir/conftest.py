import pytest

from tests.fhir.system import System
from tests.services.conftest import any_house, house, texts_dir
from tests.services.house import House
from tests.store.conftest import migrated_file, postgres_settings, settings, sqlite_settings, store

__all__ = [
    "any_house",
    "house",
    "migrated_file",
    "postgres_settings",
    "settings",
    "sqlite_settings",
    "store",
    "texts_dir",
]


@pytest.fixture
def system(house: House) -> System:
    """A clinic's system that may book at the clinic `north`, on SQLite."""
    return System.at(house)


@pytest.fixture
def any_system(any_house: House) -> System:
    """The same on SQLite, and on PostgreSQL."""
    return System.at(any_house)
