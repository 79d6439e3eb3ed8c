"""Whether booking systems can tell: secrets that are missing, calls that were refused, when each was heard of."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduler.domain.sources import CALLING, Cliniko
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.receiving import PATH, REFUSED
from scheduler.services.bookings.sources import SecretOf, from_environment, sources_of, unset
from scheduler.services.finding import Finding, Health
from scheduler.settings import Delivery, Settings
from scheduler.store.booking_events import count_refused, latest_by_source, overdue_booking_events
from scheduler.store.booking_marks import get_mark
from scheduler.store.database import Store
from scheduler.store.refused_calls import last_refused

_PART = "bookings"
_LEFT_FOR = timedelta(minutes=15)
"""A call that nobody worked on for so long lies there: engines look every few seconds."""


def unset_secrets(
    settings: Settings, configuration: Configuration, secret_of: SecretOf = from_environment
) -> Iterator[Finding]:
    """Tell of each variable that a clinic's file names and that is not set: its bookings are not taken."""
    health = Health.WRONG if settings.delivery is Delivery.LIVE else Health.WARNING
    for clinic, source, name in unset(configuration, secret_of):
        said = f"{name} is not set, and bookings.{source.id} of clinic {clinic.id} names it: nothing of it is taken"
        yield Finding(_PART, health, said, "set it to the secret of that booking system, then restart")


def heard(store: Store, settings: Settings, configuration: Configuration, *, now: datetime) -> Iterator[Finding]:
    """Tell when each booking system was last heard of, what was refused, and what lies there. Raises StoreError."""
    with store.read() as tx:
        latest, refused = latest_by_source(tx), count_refused(tx)
        left = overdue_booking_events(tx, before=now - _LEFT_FOR)
        forged = {
            (clinic.id, source.id): last_refused(tx, REFUSED.format(source=f"{clinic.id}/{source.id}"))
            for clinic, source in sources_of(configuration)
        }
        asked = {
            (clinic.id, source.id): get_mark(tx, f"{clinic.id}/{source.id}")
            for clinic, source in sources_of(configuration)
            if isinstance(source, Cliniko)
        }
    for clinic, source in sources_of(configuration):
        key = (clinic.id, source.id)
        if isinstance(source, CALLING):
            at, what = latest.get(key), "heard of"
            where = f", at {settings.public_url}{PATH.format(clinic=clinic.id, source=source.id)}"
        elif key in asked:
            at, what, where = asked[key], "asked", ""
        else:
            continue
        said = f"{source.id} of {clinic.id}: {f'{what} at {at:%Y-%m-%d %H:%M} UTC' if at else f'never {what} yet'}"
        if (last := forged[key]) and (at is None or at < last.at):
            remedy = f"set {source.secret} to the secret that stands there, then restart"
            said = f"{said}{where}; a call was refused at {last.at:%Y-%m-%d %H:%M} UTC: {last.why}"
            yield Finding(_PART, Health.WARNING, said, remedy)
        elif key in left:
            count, since = left[key]
            said = f"{said}{where}; nobody has worked on {count} of its calls since {since:%Y-%m-%d %H:%M} UTC"
            yield Finding(_PART, Health.WARNING, said, "see that `aftercare serve` runs, and read its log")
        elif count := refused.get(key, 0):
            remedy = "see why with `aftercare bookings list`"
            yield Finding(_PART, Health.WARNING, f"{said}{where}; refused: {count}", remedy)
        else:
            yield Finding(_PART, Health.WELL, f"{said}{where}")
