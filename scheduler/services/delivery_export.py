"""The list of deliveries as CSV: no names, no addresses, no texts, and nothing that a spreadsheet would execute."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from scheduler.content.formats import undisguised
from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import iso
from scheduler.store.database import Store
from scheduler.store.deliveries import Delivery, Wanted, deliveries
from scheduler.store.tallies import Window

AT_ONCE = 1000
COLUMNS = (
    "message",
    "clinic",
    "patient",
    "appointment",
    "external_id",
    "treatment",
    "step",
    "occurrence",
    "channel",
    "status",
    "reason",
    "detail",
    "segments",
    "due_at",
    "due_local",
    "handed_at",
    "timezone",
)
_EXECUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  (wide ones are taken alike)
BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""


def export(
    store: Store, clinics: Sequence[Clinic], windows: Sequence[Window], wanted: Wanted, *, bom: bool = False
) -> Iterator[bytes]:
    """Yield the file, the latest due first, a portion after the other, each read by itself. Raises StoreError.

    What happens meanwhile may be in it: a message stands in it once, since its due instant and id are its place.
    """
    zones = {it.id: it.timezone for it in clinics}
    yield ((BOM if bom else "") + _lines([COLUMNS])).encode()
    place, ended = None, False
    while not ended:
        with store.read() as tx:
            page = deliveries(tx, windows, wanted, limit=AT_ONCE, after=place)
        if page.rows:
            yield _lines(map(harmless, _cells(it, zones)) for it in page.rows).encode()
        place, ended = page.after, page.after is None


def harmless(cell: str) -> str:
    """Return a cell that a spreadsheet shows and never computes: what begins like a formula gets an apostrophe.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{cell}" if cell.startswith(_EXECUTED) or undisguised(cell).lstrip().startswith(_EXECUTED) else cell


def _cells(it: Delivery, zones: Mapping[str, tzinfo]) -> Iterator[str]:
    zone = zones.get(it.clinic, UTC)
    numbers = (it.patient_id, it.appointment_id)
    yield from (str(it.id), it.clinic, *(str(number or "") for number in numbers))
    yield from (it.external_id or "", it.treatment or "", it.step, str(it.occurrence), it.channel, it.status)
    yield from (it.reason, it.detail, str(it.segments or ""))
    yield from (iso(it.due_at), _wall(it.due_at, zone), iso(it.handed_at) if it.handed_at else "", str(zone))


def _wall(instant: datetime, zone: tzinfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"


def _lines(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as RFC 4180 has them."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()
