from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.settings import Delivery, Settings
from scheduler.store.database import Store, open_store
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioServer
from tests.servers.webhook import SECRET
from tests.services.house import House, write_texts
from tests.store.conftest import migrated_file, postgres_settings, settings, sqlite_settings, store

__all__ = ["migrated_file", "postgres_settings", "settings", "sqlite_settings", "store"]


@pytest.fixture(scope="session")
def texts_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_texts(tmp_path_factory.mktemp("texts"))


@pytest.fixture
def house(sqlite_settings: Settings, texts_dir: Path) -> Iterator[House]:
    """The installation on SQLite; what it sends is rehearsed."""
    with open_store(sqlite_settings) as opened:
        yield House(opened, sqlite_settings, texts_dir)


@pytest.fixture
def postgres_house(postgres_settings: Settings, texts_dir: Path) -> Iterator[House]:
    """The installation on PostgreSQL; what it sends is rehearsed. Its tests are marked `postgres`."""
    with open_store(postgres_settings) as opened:
        yield House(opened, postgres_settings, texts_dir)


@pytest.fixture
def any_house(store: Store, settings: Settings, texts_dir: Path) -> House:
    """The installation on SQLite, and on PostgreSQL."""
    return House(store, settings, texts_dir)


@pytest.fixture
def live(house: House, twilio: TwilioServer, smtp: SmtpServer) -> House:
    """The installation with live delivery, to servers on loopback."""
    house.settings = live_settings(house.settings, twilio, smtp)
    twilio.now = house.clock.now
    return house


@pytest.fixture
def any_live(any_house: House, twilio: TwilioServer, smtp: SmtpServer) -> House:
    any_house.settings = live_settings(any_house.settings, twilio, smtp)
    twilio.now = any_house.clock.now
    return any_house


def live_settings(settings: Settings, twilio: TwilioServer, smtp: SmtpServer) -> Settings:
    return replace(
        settings,
        delivery=Delivery.LIVE,
        twilio_account_sid=ACCOUNT_SID,
        twilio_auth_token=AUTH_TOKEN,
        twilio_api_url=twilio.url,
        smtp_url=smtp.url,
        webhook_secret=SECRET,
    )
