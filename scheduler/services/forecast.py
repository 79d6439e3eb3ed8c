"""What a range of visits brings about: how many messages, when, at what cost, and what is put off or left out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from scheduler.clock import FixedClock
from scheduler.content.templates import Texts
from scheduler.domain.clinic import Clinic
from scheduler.domain.decision import decide
from scheduler.domain.localtime import instant, move
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason
from scheduler.domain.simulated import Case
from scheduler.domain.situation import Kind
from scheduler.domain.spans import Span
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import pending_of, situation_of
from scheduler.services.happenings import registration_of
from scheduler.services.letters import Writer
from scheduler.services.links import Links
from scheduler.services.registration import Registrar
from scheduler.services.simulation import registered_at
from scheduler.services.stage import BY, SimulationError
from scheduler.store.due import DueMessage, load_due
from scheduler.store.in_memory import InMemoryStore
from scheduler.store.messages import messages_of

OPENS, CLOSES = time(9), time(17)
"""Between these, by the clinic's clock, so many visits a day are spread evenly."""
MOST = 5_000
MOVED = ("quiet_hours", "closure", "weekday", "visit_end", "undo_grace", "spaced")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One message as it is foreseen. `at` is when it goes out, None when it does not; `segments` are of an SMS."""

    step: str
    channel: Channel
    planned_at: datetime
    at: datetime | None
    reasons: tuple[Reason, ...]
    segments: int

    @property
    def moved_by(self) -> tuple[str, ...]:
        """The codes of what puts it off; nothing where it goes out as planned."""
        return tuple(dict.fromkeys(it.code for it in self.reasons if it.code in MOVED)) if self.at else ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """All messages of some visits of a treatment. Local days and hours are the clinic's (`zone`)."""

    clinic: Clinic
    treatment: str
    visits: tuple[datetime, ...]
    messages: tuple[Foreseen, ...] = field(repr=False)

    @property
    def zone(self) -> ZoneInfo:
        """What days and hours are counted in."""
        return self.clinic.timezone

    @property
    def sent(self) -> tuple[Foreseen, ...]:
        """What goes out."""
        return tuple(it for it in self.messages if it.at)

    @property
    def segments(self) -> int:
        """How many segments of SMS go out."""
        return sum(it.segments for it in self.sent)

    @property
    def cost(self) -> Decimal | None:
        """What they cost, None where the clinic's file has no price."""
        price = self.clinic.sms.price if self.clinic.sms else None
        return price.times(self.segments) if price else None

    def by_day(self) -> dict[date, list[Foreseen]]:
        """Return what goes out on each day."""
        found: dict[date, list[Foreseen]] = {}
        for it in sorted(self.sent, key=lambda it: it.at or it.planned_at):
            assert it.at
            found.setdefault(it.at.astimezone(self.zone).date(), []).append(it)
        return found

    def by_hour(self) -> dict[int, int]:
        """Return how many go out in each hour of the day."""
        found = Counter(it.at.astimezone(self.zone).hour for it in self.sent if it.at)
        return dict(sorted(found.items()))


def visits_per_day(clinic: Clinic, first: date, last: date, count: int) -> tuple[datetime, ...]:
    """Return so many visits on each open day from `first` to `last`. Raises SimulationError for none, or too many."""
    minutes = (CLOSES.hour - OPENS.hour) * 60 // count
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    times = [(datetime.combine(first, OPENS) + timedelta(minutes=minutes * number)).time() for number in range(count)]
    return _few_enough(
        instant(day, at, clinic.timezone) for day in days if not is_closed(clinic, day) for at in times
    )


def visits_every(clinic: Clinic, first: datetime, last: datetime, every: Span) -> tuple[datetime, ...]:
    """Return a visit at `first` and after every span until `last` (aware), without the days on which it is closed."""

    def them() -> Iterator[datetime]:
        at, count = first, 0
        while at <= last:
            if not is_closed(clinic, at.astimezone(clinic.timezone).date()):
                yield at
            count += 1
            at = move(first, replace(every, amount=every.amount * count), clinic.timezone)

    if every.amount == 0:
        raise SimulationError("every 0 would never end: give a length of time such as 1d")
    return _few_enough(them())


def is_closed(clinic: Clinic, day: date) -> bool:
    """Whether the clinic's file says that it is closed on that day."""
    return any(closure.first <= day <= closure.last for closure in clinic.closures)


def _few_enough(visits: Iterator[datetime]) -> tuple[datetime, ...]:
    found: list[datetime] = []
    for visit in visits:
        found.append(visit)
        if len(found) > MOST:
            raise SimulationError(
                f"these are more than {MOST:,} appointments: simulate a shorter range, or fewer a day"
            )
    if not found:
        raise SimulationError("no appointment is in that range: the clinic is closed, or it ends before it begins")
    return tuple(found)


class Forecaster:
    """Registers sample patients in a database in memory, and asks of each message what will become of it."""

    def __init__(self, configuration: Configuration, texts: Texts) -> None:
        self._configuration = configuration
        self._store = InMemoryStore()
        self._writer = Writer(configuration, texts, Links("https://aftercare.example", self._store.vault))

    def forecast(self, case: Case, visits: Sequence[datetime], progress: Progress) -> Forecast:
        """Foresee the messages of these visits (aware), each of another patient who is as `case` says. Blocks.

        Each is planned by registering it, and decided by the function that decides at the send, as if each patient
        were alone: what a clinic's volume or a provider would hold back is not foreseen. Raises ConfigError,
        RegistrationError, or TemplateError for a text that can't be rendered.
        """
        self._store.empty()
        found: list[Foreseen] = []
        for number, visit in enumerate(visits, start=1):
            found += self._of_visit(replace(case, starts_at=visit), number)
            progress(number, len(visits))
        clinic = self._configuration.clinic(case.clinic)
        return Forecast(clinic, case.treatment, tuple(visits), tuple(found))

    def close(self) -> None:
        """Free the memory."""
        self._store.close()

    def _of_visit(self, case: Case, number: int) -> list[Foreseen]:
        clinic = self._configuration.clinic(case.clinic)
        clock = FixedClock(registered_at(case, clinic, self._configuration.protocol_for(clinic.id, case.treatment)))
        said = {"starts_at": case.starts_at.isoformat()}
        registration = registration_of(case, clinic, case.treatment, number, said)
        with self._store.write() as tx:
            done = Registrar(self._configuration, clock, by=BY).register(tx, registration)
        assert done.appointment is not None
        with self._store.read() as tx:
            ids = [it.id for it in messages_of(tx, done.appointment)]
            dues = sorted(load_due(tx, ids, now=clock.now()).due, key=lambda it: it.message.due_at)
        return self._all_of(dues, clock.now())

    def _all_of(self, dues: Sequence[DueMessage], now: datetime) -> list[Foreseen]:
        found: list[Foreseen] = []
        greeted_at: datetime | None = None
        for due in dues:
            # Those that go out at the same instant are written side by side: each is a first one.
            foreseen = self._foresee(due, now, greeted_at)
            if foreseen.channel is Channel.SMS:
                greeted_at = greeted_at or foreseen.at
            found.append(foreseen)
        return found

    def _foresee(self, due: DueMessage, now: datetime, greeted_at: datetime | None) -> Foreseen:
        message, reasons, at = due.message, due.message.reasons, None
        if message.status is Status.SCHEDULED:
            decision = decide(
                pending_of(message),
                situation_of(due, self._configuration),
                now=max(message.try_at, now),
                late_after=self._configuration.instance.late_after,
            )
            reasons = (*reasons, *decision.reasons)
            at = decision.at if decision.kind in (Kind.SEND, Kind.WAIT) else None
        by_sms = replace(due, first_contact=greeted_at is None or at == greeted_at)
        segments = self._segments(by_sms) if at and message.channel is Channel.SMS else 0
        return Foreseen(message.step, message.channel, message.planned_at, at, reasons, segments)

    def _segments(self, due: DueMessage) -> int:
        """Render it, as if it were claimed until it stops being useful."""
        claimed = replace(due, message=replace(due.message, lease_until=due.message.useful_until))
        return self._writer.write(claimed, now=due.message.due_at).segments or 0
