from tests.services.conftest import house, live, texts_dir
from tests.store.conftest import migrated_file, sqlite_settings

__all__ = ["house", "live", "migrated_file", "sqlite_settings", "texts_dir"]
