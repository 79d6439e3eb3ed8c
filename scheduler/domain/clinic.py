"""A clinic, as a value: its zone, hours, senders and defaults. Read from config/clinics/<id>.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.price import Price
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.sources import Source


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local wall-clock hours in which nothing is sent: [start, end), across midnight when start > end."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which the clinic is closed, both ends included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class SmsSender:
    """One of: a Twilio messaging service, a number (E.164, or a short code), or a name that nobody can answer.

    `rate` is how many segments a second it may send, `price` what a segment costs; None where the clinic's file does
    not say.
    """

    messaging_service: str | None = None
    number: str | None = None
    name: str | None = None
    rate: int | None = None
    price: Price | None = None

    @property
    def key(self) -> str:
        """What tells senders apart; "" for none."""
        return self.messaging_service or self.number or self.name or ""

    @property
    def one_way(self) -> bool:
        """Whether a patient can't answer."""
        return self.name is not None


@dataclass(frozen=True, slots=True)
class EmailSender:
    """Who an email comes from: `address` and the display `name`; answers go to `reply_to`."""

    address: str
    name: str
    reply_to: str | None = None

    @property
    def key(self) -> str:
        """What tells senders apart."""
        return self.address


@dataclass(frozen=True, slots=True)
class OnCall:
    """A person or desk that alerts go to, in the order of the file."""

    name: str
    sms: str | None = None
    email: str | None = None
    webhook: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """How the clinic's exports, and its other sources, name things.

    `columns`: our field -> the file's columns whose cells are joined by a blank. `treatments`: a source's word -> our
    treatment. `statuses`: its word -> "booked", "cancelled", "completed" or "no_show".
    `dates`: "day_first", "month_first" or a strptime format; None reads ISO 8601 and what can mean one day only.
    `timezone`: of a file's times that name none, None for the clinic's. `encoding`: of a file, "auto" to find out.
    `optional`: fields whose columns a file may lack, though something may be lost without them.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    treatments: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    dates: str | None = None
    timezone: ZoneInfo | None = None
    encoding: str = "auto"
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clinic:
    """A tenant. `languages` has at least one, the first is the default; `country` is ISO 3166-1 alpha-2.

    `merge_window` is how far apart messages of one kind may be due to become one; zero: never.
    `consent_when_unknown` says per purpose whether an unknown consent allows a message.
    `link_domains` are the hosts, beside that of `booking_url`, that its texts may link to, with all below them.
    """

    id: str
    name: str
    timezone: ZoneInfo
    languages: tuple[str, ...]
    country: str
    phone: str
    emergency_number: str
    booking_url: str | None
    sms: SmsSender | None
    email: EmailSender | None
    quiet_hours: QuietHours | None = None
    closures: tuple[Closure, ...] = ()
    undo_grace: timedelta = timedelta(0)
    merge_window: timedelta = timedelta(hours=4)
    sms_may_name_treatment: bool = False
    link_domains: tuple[str, ...] = ()
    consent_when_unknown: Mapping[Purpose, bool] = field(
        default_factory=lambda: {Purpose.CARE: True, Purpose.RECALL: True, Purpose.MARKETING: False}
    )
    on_call: tuple[OnCall, ...] = ()
    escalate_after: timedelta = timedelta(minutes=10)
    imports: ImportMapping = field(default_factory=ImportMapping)
    bookings: tuple[Source, ...] = ()

    def __hash__(self) -> int:
        """Return what is quick to compute, whatever in it can't be hashed: plans are remembered by clinic."""
        return hash(self.id)

    def sender(self, channel: Channel) -> str:
        """Return what tells the sender of that channel apart from others, "" where the clinic has none."""
        sender = self.sms if channel is Channel.SMS else self.email
        return sender.key if sender else ""

    def language_for(self, wanted: str | None) -> str:
        """Return the patient's language where the clinic speaks it, else the clinic's default.

        A regional wish falls back to its language: fr-CA is served by fr.
        """
        for candidate in (wanted, (wanted or "").split("-")[0]):
            if candidate in self.languages:
                return candidate
        return self.languages[0]
