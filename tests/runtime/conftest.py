from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.runtime.queue_schema import upgrade_queue
from scheduler.settings import Settings
from scheduler.store.database import open_store
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.conftest import house, live, live_settings, texts_dir
from tests.services.house import House
from tests.store.conftest import migrated_file, postgres_settings, sqlite_settings

__all__ = ["house", "live", "migrated_file", "postgres_settings", "sqlite_settings", "texts_dir"]


@pytest.fixture
def chain(postgres_settings: Settings, texts_dir: Path, twilio: TwilioServer, smtp: SmtpServer) -> Iterator[House]:
    """An installation on PostgreSQL with a queue for workers; it delivers live, to servers on loopback."""
    upgrade_queue(postgres_settings)
    with open_store(postgres_settings) as opened:
        yield House(opened, live_settings(postgres_settings, twilio, smtp), texts_dir)
