"""The shipped protocol is edited while appointments are in flight at every stage: exactly the right rows are planned.

The oracle is the edit as a person reads it: dates and wall clocks of Toronto, sharing no code with the planner.
"""

import re
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from scheduler.clock import FixedClock
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.triage import Triage
from scheduler.protocols.loader import load
from scheduler.services.appointments import call_off
from scheduler.services.followups import plan_after_reply
from scheduler.settings import Settings
from scheduler.store.all_tables import metadata
from scheduler.store.database import Store
from scheduler.store.messages import next_wake
from tests.acceptance.conftest import ROOT
from tests.services.editing import planned
from tests.services.house import House
from tests.store.conftest import migrated_file, postgres_settings, settings, sqlite_settings, store

__all__ = ["migrated_file", "postgres_settings", "settings", "sqlite_settings", "store"]

TORONTO = ZoneInfo("America/Toronto")
NOW = datetime(2026, 3, 10, 12, tzinfo=TORONTO)
"""Tuesday noon; clocks went forward on the 8th."""
REPLIED = datetime(2026, 3, 10, 11, tzinfo=TORONTO)
NEW_STEP = """
  - id: evening_care
    after: 5d
    at: "18:00"
    channels: [sms]
    template: week_check
"""
VISITS = {
    "booked": date(2026, 3, 20),
    "today": date(2026, 3, 10),
    "advised": date(2026, 3, 9),
    "worried": date(2026, 3, 8),
    "healing": date(2026, 3, 5),
    "healed": date(2026, 2, 27),
    "called off": date(2026, 3, 10),
}
"""The day of each visit, all at ten."""

Rows = set[tuple[str, str, str, datetime | None, datetime | None]]


def edit(config: Path) -> None:
    """Make the edit: the check at noon, the advice a day later, no recheck, a new step."""
    file = config / "protocols" / "microneedling.yaml"
    head, *steps = re.split(r"(?m)^  - (?=id: )", file.read_text(encoding="utf-8"))
    named = {step.split()[1]: step for step in steps}
    named["redness_check"] = _changed(named["redness_check"], 'at: "10:00"', 'at: "12:00"')
    named["avoid_actives"] = _changed(named["avoid_actives"], "after: 1d", "after: 2d")
    del named["recheck"]
    file.write_text("  - ".join([head, *named.values()]).rstrip() + NEW_STEP, encoding="utf-8")


def _changed(step: str, old: str, new: str) -> str:
    assert step.count(old) == 1
    return step.replace(old, new)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


@pytest.fixture
def in_flight(store: Store, settings: Settings, config: Path) -> tuple[House, dict[str, int]]:
    """Every visit, registered in February, and all that was due until now sent; one patient has answered."""
    clock = FixedClock(datetime(2026, 2, 16, 12, tzinfo=TORONTO))
    house = House(store, replace(settings, config_dir=config), ROOT / "templates", clock, load(config))
    ids = {name: register(house, name, day) for name, day in VISITS.items()}
    with store.write() as tx:
        call_off(tx, ids["called off"], AppointmentStatus.CANCELLED, now=clock.now(), by="desk")
    while (wake := next_due(store)) and wake <= NOW:
        house.dispatch(wake)
    house.clock.move_to(NOW)
    question = house.message(ids["worried"], "redness_check")
    with store.write() as tx:
        again = plan_after_reply(
            tx, house.configuration, question, Triage.CONCERN, now=house.clock.now(), by="test", at=REPLIED
        )
    assert len(again) == 1
    return house, ids


def next_due(store: Store) -> datetime | None:
    with store.read() as tx:
        return next_wake(tx)


def register(house: House, name: str, day: date) -> int:
    number = list(VISITS).index(name)
    return house.register(
        clinic="lumiere",
        treatment="microneedling",
        name=f"Sample {name}",
        phone=f"+1416555013{number}",
        email=f"sample{number}@patients.example",
        starts_at=at(day, 0, 10).isoformat(),
    )


def at(day: date, days: int, hour: int, minute: int = 0) -> datetime:
    later = day + timedelta(days=days)
    return datetime(later.year, later.month, later.day, hour, minute, tzinfo=TORONTO)


def expected(name: str) -> Rows:
    """Say by hand what the edit does to the visit of that name."""
    day = VISITS[name]
    advice: Rows = {
        ("moved", "avoid_actives", channel, at(day, 1, 9, 30), at(day, 2, 9, 30)) for channel in ("sms", "email")
    }
    check: Rows = {("moved", "redness_check", "sms", at(day, 2, 10), at(day, 2, 12))}
    added: Rows = {("added", "evening_care", "sms", None, at(day, 5, 18))}
    recheck: Rows = {("dropped", "recheck", "sms", at(date(2026, 3, 12), 0, 10), None)}
    return {
        "booked": advice | check | added,
        "today": advice | check | added,
        "advised": check | added,
        "worried": recheck | added,
        "healing": added,
        "healed": set[tuple[str, str, str, datetime | None, datetime | None]](),
    }[name]


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.read() as tx:
        return {
            table.name: sorted(map(tuple, tx.connection.execute(sa.select(table))), key=repr)
            for table in metadata.tables.values()
        }


def test_an_edit_of_the_shipped_protocol_plans_exactly_the_right_rows_and_moves_nothing(
    in_flight: tuple[House, dict[str, int]], config: Path
) -> None:
    house, ids = in_flight
    assert planned(house, load(config)) == {}
    edit(config)
    before = everything(house.store)
    found = planned(house, load(config))
    assert list(found) == sorted(visit for name, visit in ids.items() if name != "called off")
    for name, visit in ids.items():
        if name != "called off":
            rows = {(it.kind.value, it.step, it.channel.value, it.from_at, it.to_at) for it in found[visit].changes}
            assert rows == expected(name), name
    assert everything(house.store) == before


def test_what_goes_out_after_the_edit_goes_by_the_old_version_until_it_is_applied(
    in_flight: tuple[House, dict[str, int]], config: Path
) -> None:
    house, ids = in_flight
    edit(config)
    house.configuration = load(config)
    house.dispatch(at(VISITS["today"], 1, 9, 30))
    assert house.statuses(ids["today"])["avoid_actives sms"] == "accepted"
    house.dispatch(at(date(2026, 3, 12), 0, 10))
    assert house.statuses(ids["worried"])["recheck sms"] == "accepted"
    fresh = register(house, "booked", date(2026, 3, 25))
    assert "evening_care sms" in house.statuses(fresh)
    assert fresh not in planned(house, load(config))
