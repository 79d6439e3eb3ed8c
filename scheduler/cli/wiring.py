"""Puts the parts together from the settings: what every command needs, opened once and closed again."""

import gc
import os
import random
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from scheduler.channels.registry import open_transports
from scheduler.cli.output import say_warning
from scheduler.clock import Clock, SystemClock
from scheduler.content.kept import keep_texts
from scheduler.content.templates import Texts
from scheduler.domain.outgoing import Outgoing
from scheduler.domain.protocol import Channel
from scheduler.errors import ConfigError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import first_error, load, load_sound
from scheduler.protocols.problems import Problem
from scheduler.services.adoption import adopt
from scheduler.services.approver import Approver
from scheduler.services.bookings.sources import refuse_unset
from scheduler.services.desk import Desk
from scheduler.services.dispatch import Dispatcher
from scheduler.services.editions import Edition
from scheduler.services.happening import Watch, ignore
from scheduler.services.inbound import Replies
from scheduler.services.links import Links
from scheduler.services.on_call import refuse_unsigned
from scheduler.settings import Delivery, Settings, read_settings
from scheduler.store.database import Store, open_store
from scheduler.store.outbox import keep

NEW_OBJECTS = 20_000
"""How many more containers there are before the youngest are looked at; Python's default is 700."""


@dataclass(frozen=True, slots=True)
class Product:
    """Settings, configuration, store and clock of one process."""

    settings: Settings
    configuration: Configuration
    store: Store
    texts: Texts
    words: Lexicons = field(repr=False)
    clock: Clock
    errors: tuple[Problem, ...] = ()
    """What is wrong with the files, where the product was opened with what is sound."""
    # Containers that are made alike have the same name and number: a claim must tell them apart.
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}")

    def kept(self) -> "Product":
        """Return this product with the texts as they are now: for a process that stays while they are edited."""
        return replace(self, texts=keep_texts(self.settings.templates_dir))

    def by(self, edition: Edition) -> "Product":
        """Return this product by edited files: whatever is made of it works by these, and by nothing older."""
        return replace(self, configuration=edition.configuration, texts=edition.texts, words=edition.words)

    @property
    def replies(self) -> Replies:
        """What handles the texts that came in."""
        return Replies(self.store, self.configuration, self.words, self.clock, self.owner)

    @property
    def links(self) -> Links:
        """What makes and reads links to this installation."""
        return Links(self.settings.public_url, self.store.vault)

    @property
    def approver(self) -> Approver:
        """What tells whether messages may go out as far as approval goes."""
        return Approver(self.configuration, self.texts, live=self.settings.delivery is Delivery.LIVE)

    def desk(self, wake: Callable[[], None]) -> Desk:
        """Make what the clinic's desk works with. `wake` tells the engine, from any thread, to look at once."""
        return Desk(
            settings=self.settings,
            configuration=self.configuration,
            store=self.store,
            texts=self.texts,
            words=self.words,
            links=self.links,
            replies=self.replies,
            clock=self.clock,
            owner=self.owner,
            wake=wake,
        )

    def dispatcher(self, watch: Watch = ignore) -> Dispatcher:
        """Make the dispatcher of this process. Raises SettingsError when live delivery lacks a setting."""
        refuse_unsigned(self.settings, self.configuration)
        refuse_unset(self.settings, self.configuration)
        return Dispatcher(
            store=self.store,
            configuration=self.configuration,
            texts=self.texts,
            links=self.links,
            transports=open_transports(
                self.settings,
                clock=self.clock,
                keep=self._keep,
                emails_at_once=self.configuration.instance.emails_at_once,
            ),
            clock=self.clock,
            owner=self.owner,
            rng=random.SystemRandom(),
            watch=watch,
            replies=self.replies,
        )

    def _keep(self, _attempt: str, _channel: Channel, outgoing: Outgoing) -> None:
        """Keep a rehearsed message in the database."""
        with self.store.write() as tx:
            keep(tx, outgoing, now=self.clock.now())


@contextmanager
def open_product(
    *, clock: Clock | None = None, settings: Settings | None = None, create: bool = True, sound_only: bool = False
) -> Iterator[Product]:
    """Open the product as the environment says and close it afterwards.

    With `create` False a SQLite database that is not there is an error: whoever looks something up in a wrong
    folder is told so, and no empty database is left behind.
    With `sound_only` errors in the files refuse nothing: it works by what is sound, and warns once it is done. For
    what plans nothing: the desk must be able to stop, look up and answer for a patient while a file is broken.
    Raises SettingsError, ConfigError, KeysError or StoreError with one line each.
    """
    collect_less()
    chosen = settings or read_settings(os.environ)
    configuration, errors = load_sound(chosen.config_dir) if sound_only else (load(chosen.config_dir), ())
    store = open_store(chosen, create=create)
    try:
        texts, words, runs = Texts(chosen.templates_dir), Lexicons(chosen.config_dir), clock or SystemClock()
        if not errors:  # a version that an error hides must not be taken for the file's
            adopt(store, configuration, now=runs.now())
        yield Product(chosen, configuration, store, texts, words, runs, errors)
    except ConfigError as error:
        if not any(str(one) in str(error) for one in errors):
            warn_of(errors)  # what is refused may be so because of them
        raise
    finally:
        store.close()
    warn_of(errors)


def warn_of(errors: Sequence[Problem]) -> None:
    """Say in one line on standard error which error there is in the files, and what waits for its end; if any."""
    if errors:
        say_warning(f"{first_error(errors)}: new plans wait for that, run `aftercare check`")


def collect_less() -> None:
    """Let the garbage collector leave the program itself alone, and look at what is new less often.

    What was imported lives as long as the process; walking through it again and again was a fifth of the cost of a
    message. What the engine makes has hardly a cycle, so that nothing piles up meanwhile.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)
