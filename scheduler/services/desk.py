"""What every use case of the clinic's desk works with, of one edition of the files."""

from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.clock import Clock
from scheduler.content.templates import Texts
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.lexicons import Lexicons
from scheduler.services.approver import Approver
from scheduler.services.inbound import Replies
from scheduler.services.links import Links
from scheduler.settings import Delivery, Settings
from scheduler.store.database import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """Settings, files, store and clock of the service. `wake` tells the engine, from any thread, to look at once."""

    settings: Settings = field(repr=False)
    configuration: Configuration
    store: Store = field(repr=False)
    texts: Texts
    words: Lexicons = field(repr=False)
    links: Links
    replies: Replies
    clock: Clock
    owner: str
    wake: Callable[[], None]

    @property
    def is_live(self) -> bool:
        """Whether messages leave the machine."""
        return self.settings.delivery is Delivery.LIVE

    @property
    def approver(self) -> Approver:
        """What tells whether messages may go out as far as approval goes."""
        return Approver(self.configuration, self.texts, live=self.is_live)
