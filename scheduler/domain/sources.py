"""The booking systems that tell a clinic's installation by themselves. Read from `bookings` of the clinic's file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Scheme(StrEnum):
    """How a call proves who sent it."""

    HMAC_SHA256 = "hmac-sha256"
    HMAC_SHA1 = "hmac-sha1"
    STANDARD_WEBHOOKS = "standard-webhooks"
    BEARER = "bearer"


class Encoding(StrEnum):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Signature:
    """How the calls of a booking system of one's own are signed.

    With `timestamp`, the name of a header, what is signed is its text, a dot and the body; else the body alone.
    """

    scheme: Scheme
    header: str
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    timestamp: str | None = None
    tolerance: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class EventWords:
    """Which words at `path` say what happened; any other is no news. Without a path every call is of a booking."""

    path: str
    booked: frozenset[str]
    cancelled: frozenset[str]
    missed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """One booking system of a clinic. `secret` is the name of the environment variable that holds the secret."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Calcom(Source):
    """Cal.com; `phone` is the identifier of the question that asks for it, None for Cal.com's own."""

    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Calendly(Source):
    """Calendly; `phone` is the question that asks for it, None for the number that it sends texts to."""

    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Acuity(Source):
    """Acuity Scheduling, which tells only that something happened: what, is asked of `url` as `user`.

    `secret` names the API key, which signs the calls too; `user` the variable that holds the user id.
    """

    user: str = ""
    url: str = "https://acuityscheduling.com/api/v1"


@dataclass(frozen=True, slots=True)
class Cliniko(Source):
    """Cliniko, which tells nothing by itself and is asked every so often.

    `secret` names the API key, `contact` is the mail address that Cliniko wants to know of whoever asks; an empty
    `url` is that of the key's own shard.
    """

    contact: str = ""
    every: timedelta = timedelta(minutes=10)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Calendar(Source):
    """A calendar that is read every so often; `secret` is the variable that holds its address.

    `summary`, `description` and `location` are patterns (`domain.pattern`) of an entry's title, lines and place;
    without one of the title every entry is a booking. `treatment` is ours for all of it, None where a pattern has it.
    `covers` is how far ahead it shows all that there is, None where nobody said.
    """

    every: timedelta = timedelta(minutes=15)
    summary: tuple[str, ...] = ()
    description: tuple[str, ...] = ()
    location: tuple[str, ...] = ()
    treatment: str | None = None
    covers: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Generic(Source):
    """Any other system that calls with JSON.

    `fields`: our field -> the dotted paths whose texts are joined by a blank. `dates`: "epoch", "epoch_ms", a
    strptime format, or None for ISO 8601. `event_id`, `as_of` and `replaces` are paths, "" where there is none.
    """

    signature: Signature = field(default_factory=lambda: Signature(Scheme.BEARER, "Authorization"))
    events: EventWords = field(default_factory=lambda: EventWords("", frozenset(), frozenset(), frozenset()))
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    event_id: str = ""
    as_of: str = ""
    replaces: str = ""
    dates: str | None = None


CALLING = (Calcom, Calendly, Acuity, Generic)
"""The kinds that call an address of ours; the others are asked."""
