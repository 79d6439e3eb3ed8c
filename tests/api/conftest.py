import pytest

from tests.api.office import Office
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
def office(house: House) -> Office:
    """The API of an installation on SQLite."""
    return Office(house)


@pytest.fixture
def any_office(any_house: House) -> Office:
    """The API of an installation on SQLite, and on PostgreSQL."""
    return Office(any_house)
