from tests.services.conftest import house, live, smtp, texts_dir, twilio
from tests.store.conftest import migrated_file, sqlite_settings

__all__ = ["house", "live", "migrated_file", "smtp", "sqlite_settings", "texts_dir", "twilio"]
