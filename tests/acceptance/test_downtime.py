"""Aftercare was switched off for three days, or for an hour: each message of the demo's six weeks, against an oracle.

The oracle is the design's "Never stale" and the protocol files as a person reads them, with dates and wall clocks
only: it shares no code with the planner or with what settles late messages.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from scheduler.cli.demo_show import STORY
from scheduler.cli.wiring import open_product
from scheduler.clock import FixedClock
from scheduler.domain.reasons import load_reasons
from scheduler.paths import sample
from scheduler.runtime.passes import one_pass
from scheduler.services.exports.importing import Importer
from scheduler.settings import read_settings
from scheduler.store.database import Store, open_store
from scheduler.store.messages import next_wake
from scheduler.store.tables import appointments, attempts, messages, patients
from tests.acceptance.conftest import Aftercare
from tests.acceptance.crowd import register_crowd
from tests.acceptance.test_demo import ENDS, MADRID, TORONTO, UTC, Visit, awake, recall_day, visits
from tests.postgres import TEST_KEYS
from tests.servers.twilio import TwilioServer

WITHOUT_PHONE, WITHOUT_EMAIL = {"Carol Sample"}, {"David Exemple", "Fernando Ejemplo"}
DESK = "+14165550111"
"""Who is on call at the sample clinic, and told of what waits for a person."""
LATE_AFTER, SPACING = timedelta(minutes=30), timedelta(minutes=10)
Told = tuple[str, str]
"""What became of a message: `sent` and the local time, or its status and the last word of its reason."""
Key = tuple[str, str, str, str]
"""Patient, local start of the visit, step, channel."""
Row = sa.Row[Any]


@dataclass(frozen=True)
class Down:
    """No engine runs from `since` on; the first pass after it is at `until`. Nothing is due at either instant."""

    since: datetime
    until: datetime

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment < self.until

    def back(self, moment: datetime) -> datetime:
        """That instant, or the end of the downtime that covers it."""
        return self.until if self.covers(moment) else moment


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


DOWN = {
    "three days in the middle, back as one advice is late by 75 minutes and the next by 45": (
        "03-24 09:15",
        "03-27 09:15",
    ),
    "the first three days": ("03-02 15:10", "03-05 15:10"),
    "three days that end at night, at both clinics": ("03-04 07:00", "03-07 07:00"),
    "three days before invitations": ("03-30 08:00", "04-02 18:00"),
    "three days and an hour, an invitation and its reminder, back on a Friday": ("04-07 08:45", "04-10 09:45"),
    "an hour of a busy morning": ("03-05 08:05", "03-05 09:05"),
    "an hour of a busy morning, back before the second advice is late": ("03-27 07:55", "03-27 08:55"),
}


@dataclass(frozen=True)
class Wanted:
    """One step of one visit: when it is planned and due, until when it helps, and how it may go out."""

    visit: Visit
    step: str
    planned: datetime
    due: datetime
    until: datetime
    purpose: str = "care"
    asks: bool = False
    one_of: bool = False
    channels: tuple[str, ...] = ("sms", "email")

    @property
    def word(self) -> tuple[str, datetime, str]:
        """What messages share of which the latest word counts."""
        return self.visit.name, self.visit.starts, self.purpose


@pytest.mark.parametrize("down", DOWN.values(), ids=DOWN)
def test_after_a_downtime_each_message_is_what_the_protocol_says(aftercare: Aftercare, down: tuple[str, str]) -> None:
    compare(aftercare, {}, Down(*map(utc, down)))


@pytest.mark.postgres
def test_after_a_downtime_each_message_is_what_the_protocol_says_on_postgres(
    aftercare: Aftercare, postgres_url: str
) -> None:
    compare(aftercare, {"AFTERCARE_DATABASE_URL": postgres_url}, Down(*map(utc, next(iter(DOWN.values())))))


def compare(aftercare: Aftercare, environ: dict[str, str], down: Down) -> None:
    aftercare.environ = {**environ, **TEST_KEYS, "AFTERCARE_DATA_DIR": str(aftercare.folder / "var")}
    play(aftercare, down)
    with open_store(read_settings(aftercare.environ)) as store:
        found = list(rows(store))
    assert {key: told for key, told, _ in found} == dict(expected(down))
    promises_hold([row for _, _, row in found if row.started_at])


def play(aftercare: Aftercare, down: Down) -> None:
    """Import as the clinics do, and let a pass run at each instant at which an engine would wake, but in `down`.

    In the two hours after it, when there is something to catch up with, a pass is the real command.
    """
    settings = read_settings(aftercare.environ)
    for chapter, ends in zip(STORY, (*(it.at for it in STORY[1:]), ENDS), strict=True):
        clock = FixedClock(chapter.at)
        with open_product(settings=settings, clock=clock) as product:
            for clinic, export in chapter.exports:
                place = product.configuration.clinic(clinic)
                Importer(product.store, product.configuration, product.clock, place).run(sample(export))
            while (now := down.back(max(clock.now(), wake(product.store)))) < ends:
                clock.move_to(now)
                if down.until <= now < down.until + timedelta(hours=2):
                    aftercare.done("dispatch", "--now", now.isoformat())
                else:
                    asyncio.run(one_pass(product.dispatcher()))


def wake(store: Store) -> datetime:
    """When an engine would wake next."""
    with store.read() as tx:
        return next_wake(tx) or ENDS


def rows(store: Store) -> Iterator[tuple[Key, Told, Row]]:
    """Yield what became of each message that is no longer to come."""
    joined = (
        sa.select(messages, patients.c.name_sealed, attempts.c.started_at, appointments.c.starts_at)
        .join(appointments, appointments.c.id == messages.c.appointment_id)
        .join(patients, patients.c.id == messages.c.patient_id)
        .outerjoin(attempts, attempts.c.message_id == messages.c.id)
        .where(messages.c.status != "scheduled")
    )
    with store.read() as tx:
        for row in tx.connection.execute(joined):
            name = tx.vault.open(row.name_sealed, of="patients.name")
            zone = TORONTO if row.clinic == "lumiere" else MADRID
            told = str(row.status), load_reasons(row.reasons)[-1].code
            if row.started_at:
                told = "sent", shown(row.started_at, zone)
            yield (name, shown(row.starts_at, zone), row.step, str(row.channel)), told, row


def shown(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


def promises_hold(sent: Iterable[Row]) -> None:
    """What no downtime may break, whatever the protocol says: once, in time, awake, apart."""
    by_patient = defaultdict(list)
    for row in sent:
        clock = row.started_at.astimezone(TORONTO if row.clinic == "lumiere" else MADRID)
        bed, up = (20, 8) if row.clinic == "lumiere" else (21, 9)
        assert up <= clock.hour < bed
        assert row.planned_at <= row.started_at < row.useful_until
        by_patient[row.patient_id].append(row)
    for own in by_patient.values():
        assert len({row.origin for row in own}) == len(own)
        for one, other in pairwise(sorted(own, key=lambda row: row.started_at)):
            late = other.started_at - other.due_at > LATE_AFTER
            assert not late or one.step == other.step or other.started_at - one.started_at >= SPACING


def expected(down: Down) -> Iterator[tuple[Key, Told]]:
    yield from called_off(down)
    of_patient: dict[str, list[Wanted]] = defaultdict(list)
    for visit in visits():
        of_patient[visit.name] += [it for it in wanted(visit) if it.due < ENDS]
    for own in of_patient.values():
        told = {it: Going(it.due, it.due) for it in own}
        told |= after_downtime([it for it in own if down.covers(it.due)], down.until)
        for it in own:
            if (told[it].at or ENDS) < ENDS or told[it].why:
                yield from by_channel(it, told[it])


def wanted(visit: Visit) -> Iterator[Wanted]:
    """The protocol's steps for a visit, by hand; `prepare` of one that was moved had gone out before."""
    grace = timedelta(minutes=3 if visit.zone is TORONTO else 5)
    ends = visit.starts + timedelta(minutes=75 if visit.protocol == "rf" else 60)
    planned = visit.at(-7, 10)
    if visit.name != "Hugo Exemple":
        due = awake(visit, max(planned, visit.known + grace))
        yield Wanted(visit, "prepare", planned, due, visit.starts, channels=("email",))
    yield step(visit, "sun_protection", ends + timedelta(hours=2), hours=14)
    yield step(visit, "avoid_actives", visit.at(1, 9, 30))
    yield step(visit, "redness_check", visit.at(2, 10), asks=True)
    yield step(visit, "week_check", visit.at(7, 10), asks=True, until=visit.at(10, 10))
    if visit.protocol == "rf":
        yield step(visit, "two_week_check", visit.at(14, 10), asks=True, until=visit.at(17, 10))
    yield step(visit, "next_session", recall_day(visit), purpose="recall", until=visit.at(43, 0))
    yield step(visit, "next_session_reminder", visit.at(35, 11), purpose="recall", one_of=True)


def step(
    visit: Visit,
    name: str,
    planned: datetime,
    *,
    hours: int = 24,
    asks: bool = False,
    one_of: bool = False,
    purpose: str = "care",
    until: datetime | None = None,
) -> Wanted:
    ends = until or (planned.astimezone(UTC) + timedelta(hours=hours))
    return Wanted(visit, name, planned, awake(visit, planned), ends, purpose, asks, one_of or asks)


@dataclass(frozen=True)
class Going:
    """What becomes of a step that is looked at at an instant: it goes out `at` another, or never, and then `why`."""

    looked: datetime
    at: datetime | None = None
    why: str = ""


def after_downtime(missed: list[Wanted], back: datetime) -> dict[Wanted, Going]:
    """What becomes of one patient's steps that came due while nothing ran.

    Those that stopped being useful before they may go out expire. Of the late ones each gives way to the latest of
    its visit and purpose that goes out, unless it asks. The rest follow each other, ten minutes apart.
    """
    told, free = {}, back
    alive = [it for it in missed if not why_not(it, *it.channels) and allowed(it, back) < it.until]
    for it in sorted(missed, key=lambda it: it.due):
        heirs = [one for one in alive if one.word == it.word and one.planned > it.planned]
        late = it in alive and back - it.due > LATE_AFTER
        at = allowed(it, free if late else back)
        if late and heirs and not it.asks:
            told[it] = Going(back, why="collapsed")
        elif at >= it.until:
            told[it] = Going(back, why="not_useful")
        else:
            told[it] = Going(back, at)
            free = at + SPACING if late else free
    return told


def allowed(it: Wanted, moment: datetime) -> datetime:
    """The first instant from that one on at which a step may go out: awake; invitations from Tuesday to Thursday."""
    local = awake(it.visit, moment)
    while it.step == "next_session" and local.weekday() not in (1, 2, 3):
        local = awake(it.visit, local + timedelta(days=1))
    return local


def by_channel(it: Wanted, going: Going) -> Iterator[tuple[Key, Told]]:
    """Yield what became of the messages of a step; of `first_of` the first that has an address, then the other."""
    known = [channel for channel in it.channels if why_not(it, channel) != "no_address"]
    for channel in known if it.one_of else it.channels:
        refused = why_not(it, channel)
        if going.looked >= it.until:
            told: Told = "expired", "not_useful"
        elif refused:
            told = "suppressed", refused
        elif going.at is None:
            told = "expired", going.why
        else:
            told = "sent", shown(going.at, it.visit.zone)
        yield (it.visit.name, shown(it.visit.starts, it.visit.zone), it.step, channel), told
        if it.one_of and (told[1] != "consent_refused" or why_not(it, *known)):
            return


def why_not(it: Wanted, *channels: str) -> str:
    """Why a step can't go out on any of these channels, "" where it can."""
    if it.purpose == "recall" and it.visit.rebooked:
        return "next_appointment"
    nowhere = {"sms": WITHOUT_PHONE, "email": WITHOUT_EMAIL}
    open_ = {"sms": it.visit.sms, "email": it.visit.email}
    if any(open_[channel] for channel in channels):
        return ""
    return "no_address" if all(it.visit.name in nowhere[channel] for channel in channels) else "consent_refused"


def called_off(down: Down) -> Iterator[tuple[Key, Told]]:
    """Grace's visit was cancelled and Hugo's moved after they were told how to prepare."""
    grace, hugo = "Grace Sample", "Hugo Exemple"
    yield (grace, "Mon 2026-03-09 10:00", "prepare", "email"), ("sent", "Mon 2026-03-02 10:00")
    both = ("sun_protection", "avoid_actives", "next_session")
    for name in (*both, "redness_check", "week_check", "next_session_reminder"):
        for channel in ("sms", "email") if name in both else ("sms",):
            yield (grace, "Mon 2026-03-09 10:00", name, channel), ("cancelled", "appointment_cancelled")
    at = utc("03-03 15:00")
    told = shown(down.back(at), TORONTO)
    yield (hugo, "Thu 2026-03-12 11:00", "prepare", "email"), ("sent", told)


def test_a_busy_morning_that_was_missed_waits_for_a_person_and_then_goes_out_once(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer
) -> None:
    aftercare.environ |= live
    aftercare.approve()
    numbers = register_crowd(aftercare, 60)
    for at in ("2030-03-06T18:00Z", "2030-03-07T14:30Z"):
        assert aftercare.json("dispatch", "--now", at)["sent"] == 60
    twilio.taken.clear()

    back = aftercare.json("dispatch", "--now", "2030-03-08T15:50Z")
    assert (back["sent"], back["held"], back["expired"]) == (0, 60, 0)
    (group,) = aftercare.json("held", "list")["groups"]
    assert (group["step"], group["brake"], group["count"]) == ("redness_check", "backlog", 60)
    assert aftercare.json("dispatch", "--now", "2030-03-08T16:00Z")["sent"] == 0
    assert aftercare.json("held", "release", "--clinic", "lumiere")["released"] == 60
    assert aftercare.json("dispatch", "--now", "2030-03-08T16:10Z")["sent"] == 60
    assert aftercare.json("dispatch", "--now", "2030-03-08T16:20Z")["sent"] == 0
    assert Counter(taken.to for taken in twilio.taken if taken.to != DESK) == dict.fromkeys(numbers, 1)
