"""Puts the parts together from the settings: what every command needs, opened once and closed again."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scheduler.channels.registry import open_transports
from scheduler.clock import Clock, SystemClock
from scheduler.content.templates import Texts
from scheduler.domain.outgoing import Outgoing
from scheduler.domain.protocol import Channel
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load
from scheduler.services.dispatch import Dispatcher
from scheduler.services.happening import Watch, ignore
from scheduler.settings import Settings, read_settings
from scheduler.store.database import Store, open_store
from scheduler.store.outbox import keep


@dataclass(frozen=True, slots=True)
class Product:
    """Settings, configuration, store and clock of one process."""

    settings: Settings
    configuration: Configuration
    store: Store
    texts: Texts
    clock: Clock

    def dispatcher(self, watch: Watch = ignore) -> Dispatcher:
        """Make the dispatcher of this process. Raises SettingsError when live delivery lacks a setting."""
        return Dispatcher(
            store=self.store,
            configuration=self.configuration,
            texts=self.texts,
            transports=open_transports(
                self.settings,
                clock=self.clock,
                keep=self._keep,
                emails_at_once=self.configuration.instance.emails_at_once,
            ),
            clock=self.clock,
            owner=f"{socket.gethostname()}:{os.getpid()}",
            rng=random.SystemRandom(),
            watch=watch,
        )

    def _keep(self, _attempt: str, _channel: Channel, outgoing: Outgoing) -> None:
        """Keep a rehearsed message in the database."""
        with self.store.write() as tx:
            keep(tx, outgoing, now=self.clock.now())


@contextmanager
def open_product(
    *, clock: Clock | None = None, settings: Settings | None = None, create: bool = True
) -> Iterator[Product]:
    """Open the product as the environment says and close it afterwards.

    With `create` False a SQLite database that is not there is an error: whoever looks something up in a wrong
    folder is told so, and no empty database is left behind.
    Raises SettingsError, ConfigError, KeysError or StoreError with one line each.
    """
    chosen = settings or read_settings(os.environ)
    configuration = load(chosen.config_dir)
    store = open_store(chosen, create=create)
    try:
        yield Product(chosen, configuration, store, Texts(chosen.templates_dir), clock or SystemClock())
    finally:
        store.close()
