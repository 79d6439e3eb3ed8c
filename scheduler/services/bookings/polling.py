"""Asks the booking systems that tell nothing by themselves, every so often, and stores what changed like a call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.channels.bookings.errors import AskingError, NotThereError
from scheduler.clock import Clock
from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import iso
from scheduler.domain.reasons import because
from scheduler.domain.sources import Cliniko
from scheduler.errors import StoreError
from scheduler.logs import get_logger, places
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.services.bookings.cliniko import Change, EnoughError, Turn, api_of
from scheduler.services.bookings.news import UnreadableError
from scheduler.services.bookings.sources import SecretOf, from_environment, needed, sources_of
from scheduler.store.booking_events import add_booking_event, is_known_event
from scheduler.store.booking_marks import get_mark, keep_mark
from scheduler.store.database import Store

log = get_logger(__name__)

_OVERLAP = timedelta(minutes=2)
"""Looked at again each time: what was being saved there while it was asked. What is known is stored once."""


AWAY_FOR = timedelta(hours=6)
"""Who can't be asked for so long is told of: a night's maintenance is no news."""
Stopping = Callable[[], bool]


@dataclass(slots=True)
class Poller:
    """Asks for one process. One process of an installation asks a booking system at a time.

    `stopping` says whether the process is to end: then nothing more is asked.
    """

    store: Store
    clock: Clock
    secret_of: SecretOf = from_environment
    stopping: Stopping = lambda: False
    _tried_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _away_since: dict[str, datetime] = field(default_factory=dict)

    def poll(self, configuration: Configuration) -> int:
        """Ask whoever it is time for; return how many changes were stored. Blocks; commits. Raises StoreError."""
        stored = 0
        for clinic, source in sources_of(configuration):
            if isinstance(source, Cliniko) and self._is_time(clinic, source, self.clock.now()):
                with self.store.turn(f"bookings-{clinic.id}-{source.id}") as mine:
                    stored += self._ask_safely(clinic, source) if mine else 0
        return stored

    def _ask_safely(self, clinic: Clinic, source: Cliniko) -> int:
        """Ask; a fault of the program that an answer brings to light stops neither sending nor the other systems."""
        try:
            return self._ask(clinic, source)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  (as said above)
            kind, where = type(error).__name__, places(error)  # what it says may be a patient's
            log.error("bookings.failed", clinic=clinic.id, source=source.id, error=kind, where=where)  # noqa: TRY400  (as said above)
            with self.store.read() as tx:
                mark = get_mark(tx, f"{clinic.id}/{source.id}")
            self._tell_away(clinic, source, mark)
            return 0

    def _is_time(self, clinic: Clinic, source: Cliniko, now: datetime) -> bool:
        """Whether this process tried long enough ago, and no process of the installation has asked since."""
        tried = self._tried_at.get((clinic.id, source.id))
        if tried is not None and abs(now - tried) < source.every:
            return False
        self._tried_at[clinic.id, source.id] = now
        with self.store.read() as tx:
            asked = get_mark(tx, f"{clinic.id}/{source.id}")
        return asked is None or abs(now - asked) >= source.every

    def _ask(self, clinic: Clinic, source: Cliniko) -> int:
        """Store what changed since the last time; return how much. What is left is asked for in the next turn."""
        from scheduler.channels.bookings.asking import Asker  # noqa: PLC0415  (what speaks HTTP is a tenth of a command's start; few ask)

        name, began, stored = f"{clinic.id}/{source.id}", self.clock.now(), 0
        with self.store.read() as tx:
            mark = get_mark(tx, name)
        try:
            key = needed(self.secret_of, source.secret)
            asker = Asker(key, "", agent=f"Aftercare ({source.contact})")
            turn = Turn(source.url or api_of(key), asker.get, self.stopping)
            for change in turn.changes(since=mark and mark - _OVERLAP, now=began):
                stored += self._keep(clinic, source, turn, change)
        except EnoughError:
            del self._tried_at[clinic.id, source.id]
            log.info("bookings.more_to_ask", clinic=clinic.id, source=source.id)
        except (AskingError, NotThereError, UnreadableError) as error:
            log.warning("bookings.not_asked", clinic=clinic.id, source=source.id, reason=str(error))
            self._tell_away(clinic, source, mark)
        else:
            self._away_since.pop(name, None)
            with self.store.write() as tx:
                keep_mark(tx, name, began)
                end_alert(tx, AlertKind.INTAKE, away_subject(name), now=began)
        return stored

    def _tell_away(self, clinic: Clinic, source: Cliniko, mark: datetime | None) -> None:
        """Tell staff of a booking system that has not answered for hours, such as to a key that was revoked."""
        name, now = f"{clinic.id}/{source.id}", self.clock.now()
        since = self._away_since.setdefault(name, mark or now)
        if now - since >= AWAY_FOR:
            reasons = (because("source_away", source=source.id, since_at=iso(since)),)
            with self.store.write() as tx:
                raise_alert(tx, AlertKind.INTAKE, away_subject(name), reasons=reasons, now=now, clinic=clinic.id)

    def _keep(self, clinic: Clinic, source: Cliniko, turn: Turn, change: Change) -> bool:
        """Store a change that is new, with what it links to; return whether it was."""
        unique = f"{clinic.id}/{source.id}/{change.name}"
        with self.store.read() as tx:
            if is_known_event(tx, unique):
                return False
        whole, now = turn.whole(change), self.clock.now()
        with self.store.write() as tx:
            added = add_booking_event(
                tx, unique_id=unique, clinic=clinic.id, source=source.id, payload=whole, now=now
            )
        return added is not None


def away_subject(name: str) -> str:
    """Return what an alert is about that tells of a booking system ("clinic/id") that can't be asked."""
    return f"bookings/{name}/away"
