from tests.services.conftest import any_house, any_live, house, live, postgres_house, texts_dir
from tests.store.conftest import migrated_file, postgres_settings, settings, sqlite_settings, store

__all__ = [
    "any_house",
    "any_live",
    "house",
    "live",
    "migrated_file",
    "postgres_house",
    "postgres_settings",
    "settings",
    "sqlite_settings",
    "store",
    "texts_dir",
]
