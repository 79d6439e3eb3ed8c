"""Turns the blocks of `bookings`, once they are checked, into the domain's values."""

from collections.abc import Iterable, Sequence

from scheduler.domain.sources import (
    Acuity,
    Calcom,
    Calendar,
    Calendly,
    Cliniko,
    EventWords,
    Generic,
    Scheme,
    Signature,
    Source,
)
from scheduler.protocols.bookings_file import (
    AcuityBlock,
    CalcomBlock,
    CalendlyBlock,
    ClinikoBlock,
    EventsBlock,
    GenericBlock,
    SignatureBlock,
    SourceBlock,
)
from scheduler.protocols.calendar_block import CalendarBlock

AUTHORIZATION = "Authorization"
STANDARD = "webhook-signature"


def build_sources(blocks: Iterable[SourceBlock | CalendarBlock]) -> tuple[Source, ...]:
    """Return a clinic's booking systems, in the order of its file."""
    return tuple(_source(block) for block in blocks)


def _source(block: SourceBlock | CalendarBlock) -> Source:
    match block:
        case CalcomBlock():
            return Calcom(block.id, block.secret, block.phone)
        case CalendlyBlock():
            return Calendly(block.id, block.secret, block.phone)
        case AcuityBlock():
            return Acuity(block.id, block.secret, block.user, block.url.rstrip("/"))
        case ClinikoBlock():
            url = (block.url or "").rstrip("/")
            return Cliniko(block.id, block.secret, block.contact, block.every.elapsed, url)
        case CalendarBlock():
            return _calendar(block)
        case GenericBlock():
            return _generic(block)
        case _:
            raise TypeError(f"no value for {type(block).__name__}")


def _calendar(block: CalendarBlock) -> Calendar:
    return Calendar(
        block.id,
        block.url,
        every=block.every.elapsed,
        summary=tuple(block.summary),
        description=tuple(block.description),
        location=tuple(block.location),
        treatment=block.treatment,
        covers=block.covers.elapsed if block.covers else None,
    )


def _generic(block: GenericBlock) -> Generic:
    return Generic(
        block.id,
        block.secret,
        signature=_signature(block.signature),
        events=_events(block.events),
        fields={name: _paths(said) for name, said in block.fields.items()},
        event_id=block.event_id or "",
        as_of=block.as_of or "",
        replaces=block.replaces or "",
        dates=block.dates,
    )


def _signature(block: SignatureBlock) -> Signature:
    named = {Scheme.BEARER: AUTHORIZATION, Scheme.STANDARD_WEBHOOKS: STANDARD}
    return Signature(
        block.scheme,
        block.header or named[block.scheme],
        block.encoding,
        block.prefix or "",
        block.timestamp,
        block.tolerance.elapsed,
    )


def _events(block: EventsBlock | None) -> EventWords:
    if block is None:
        return EventWords("", frozenset(), frozenset(), frozenset())
    booked = frozenset((*block.created, *block.moved))
    return EventWords(block.path, booked, frozenset(block.cancelled), frozenset(block.no_show))


def _paths(said: str | Sequence[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)
