"""Protocols, clinics and visits that the domain's tests speak of, and short ways to write instants."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import Appointment, Reach
from scheduler.domain.clinic import Clinic, Closure, QuietHours
from scheduler.domain.localtime import instant
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.planning import plan
from scheduler.domain.protocol import (
    After,
    AfterReply,
    Before,
    Between,
    Channel,
    IfLate,
    Protocol,
    Purpose,
    Remind,
    Step,
    Timing,
    Weekday,
)
from scheduler.domain.spans import parse_span
from scheduler.domain.states import Status

MADRID = ZoneInfo("Europe/Madrid")
TORONTO = ZoneInfo("America/Toronto")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
NIGHT = QuietHours(time(20), time(8))
BOTH = (Channel.SMS, Channel.EMAIL)
REACH = Reach(has_phone=True, has_email=True)
LATE_AFTER = timedelta(minutes=30)
SPACING = timedelta(minutes=10)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def local(text: str, zone: ZoneInfo) -> datetime:
    """The instant of `2026-03-02 10:00` on the wall clock of a zone."""
    wall = datetime.fromisoformat(text)
    return instant(wall.date(), wall.time(), zone)


def shown(moment: datetime, zone: ZoneInfo) -> str:
    """An instant as people of that zone read it: `Tue 2026-03-03 10:00`."""
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def before(span: str, at: str | None = None) -> Before:
    return Before(parse_span(span), clock(at))


def after(span: str, at: str | None = None) -> After:
    return After(parse_span(span), clock(at))


def between(start: str, end: str, prefer: str, at: str, on: Iterable[Weekday] = Weekday) -> Between:
    return Between(parse_span(start), parse_span(end), parse_span(prefer), frozenset(on), time.fromisoformat(at))


def step(
    timing: Timing,
    step_id: str = "step",
    *,
    channels: tuple[Channel, ...] = (Channel.SMS,),
    first_of: bool = False,
    purpose: Purpose = Purpose.CARE,
    useful_for: str | None = None,
    if_late: IfLate = IfLate.COLLAPSE,
    ask: str | None = None,
    unless: Iterable[str] = (),
    defer_on_closures: bool | None = None,
    remind: Remind | None = None,
) -> Step:
    return Step(
        id=step_id,
        timing=timing,
        channels=channels,
        first_of=first_of,
        template=step_id,
        purpose=purpose,
        useful_for=parse_span(useful_for) if useful_for else None,
        if_late=if_late,
        ask=ask,
        unless=frozenset(unless),
        defer_on_closures=purpose is not Purpose.CARE if defer_on_closures is None else defer_on_closures,
        remind=remind,
    )


def protocol(*steps: Step, duration: str = "60m") -> Protocol:
    return Protocol("microneedling", {"en": "Microneedling"}, parse_span(duration), steps, "digest")


def clinic(
    zone: ZoneInfo = TORONTO,
    *,
    quiet: QuietHours | None = None,
    closures: Iterable[Closure] = (),
    grace: timedelta = timedelta(0),
) -> Clinic:
    return Clinic(
        id="lumiere",
        name="Clinique Lumière",
        timezone=zone,
        languages=("fr", "en"),
        country="CA",
        phone="+14165550100",
        emergency_number="911",
        booking_url=None,
        sms=None,
        email=None,
        quiet_hours=quiet,
        closures=tuple(closures),
        undo_grace=grace,
    )


def closed(first: str, last: str | None = None) -> Closure:
    return Closure(date.fromisoformat(first), date.fromisoformat(last or first))


def planned(
    steps: Step | Protocol,
    starts_at: datetime,
    at: Clinic,
    *,
    now: datetime = LONG_AGO,
    reach: Reach = REACH,
    ends_at: datetime | None = None,
) -> tuple[PlannedMessage, ...]:
    """The plan of an appointment registered long before it, unless `now` says otherwise."""
    wanted = steps if isinstance(steps, Protocol) else protocol(steps)
    visit = Appointment(starts_at, ends_at)
    return plan(wanted, at, visit, reach, now=now, late_after=LATE_AFTER, late_spacing=SPACING)


def told(messages: tuple[PlannedMessage, ...] | list[PlannedMessage]) -> list[str]:
    """The plan in words, by the wall clock in Madrid."""
    return [
        f"{message.step} {message.channel} "
        + (shown(message.due_at, MADRID) if message.status is Status.SCHEDULED else message.status)
        for message in messages
    ]


# The protocol that the design shows.
MICRONEEDLING = protocol(
    step(before("7d", "10:00"), "prepare", channels=(Channel.EMAIL,)),
    step(after("2h"), "sun_protection", channels=BOTH, useful_for="12h"),
    step(after("1d", "09:30"), "avoid_actives", channels=BOTH, useful_for="24h"),
    step(
        after("2d", "10:00"),
        "redness_check",
        channels=BOTH,
        first_of=True,
        ask="redness",
        useful_for="24h",
        if_late=IfLate.SEND,
    ),
    step(
        AfterReply("redness_check", frozenset({"concern"}), parse_span("2d"), time(10)),
        "recheck",
        channels=BOTH,
        first_of=True,
        ask="redness",
    ),
    step(after("7d", "10:00"), "week_check", channels=BOTH, first_of=True, ask="healing", useful_for="3d"),
    step(
        between("4w", "6w", "4w", "11:00", [Weekday.TUE, Weekday.WED, Weekday.THU]),
        "next_session",
        channels=(Channel.EMAIL, Channel.SMS),
        purpose=Purpose.RECALL,
        unless=["next_appointment"],
    ),
    step(
        after("5w", "11:00"),
        "next_session_reminder",
        channels=BOTH,
        first_of=True,
        purpose=Purpose.RECALL,
        unless=["next_appointment"],
    ),
)
