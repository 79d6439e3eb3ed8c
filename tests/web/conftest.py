from tests.services.conftest import any_house, any_live, house, live, texts_dir
from tests.store.conftest import migrated_file, postgres_settings, settings, sqlite_settings, store

__all__ = [
    "any_house",
    "any_live",
    "house",
    "live",
    "migrated_file",
    "postgres_settings",
    "settings",
    "sqlite_settings",
    "store",
    "texts_dir",
]
