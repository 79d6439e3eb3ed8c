"""The shipped protocol is edited while appointments are in flight at every stage: apply does what the plan said."""

from pathlib import Path

from scheduler.domain.states import UNSENT, Status
from scheduler.protocols.loader import load
from scheduler.services.applying import Applier, Chosen
from scheduler.store.messages import Message, messages_of
from tests.acceptance.conftest import Aftercare
from tests.acceptance.test_plan import (
    VISITS,
    config,
    edit,
    expected,
    in_flight,
    migrated_file,
    postgres_settings,
    settings,
    sqlite_settings,
    store,
)
from tests.services.editing import planned
from tests.services.house import House

__all__ = ["config", "in_flight", "migrated_file", "postgres_settings", "settings", "sqlite_settings", "store"]


def all_of(house: House, ids: dict[str, int]) -> dict[int, Message]:
    with house.store.read() as tx:
        return {it.id: it for visit in ids.values() for it in messages_of(tx, visit)}


def test_apply_moves_exactly_what_was_planned_and_a_second_plan_is_empty(
    in_flight: tuple[House, dict[str, int]], config: Path
) -> None:
    house, ids = in_flight
    edit(config)
    new = load(config)
    before = all_of(house, ids)
    applied = Applier(house.store, new, house.clock, "Ada", lambda _done, _all: None).apply(Chosen())
    assert applied.apply
    after = all_of(house, ids)
    rows = {name: expected(name) for name in VISITS if name != "called off"}
    for name, wanted in rows.items():
        mine = {it.id: it for it in after.values() if it.appointment_id == ids[name]}
        moved = {
            ("moved", it.step, it.channel.value, before[it.id].due_at, it.due_at)
            for it in mine.values()
            if it.id in before and it.due_at != before[it.id].due_at
        }
        added = {("added", it.step, it.channel.value, None, it.due_at) for it in mine.values() if it.id not in before}
        dropped = {
            ("dropped", it.step, it.channel.value, before[it.id].due_at, None)
            for it in mine.values()
            if it.id in before and before[it.id].status in UNSENT and it.status is Status.CANCELLED
        }
        assert moved | added | dropped == wanted, name
    counts = applied.apply.counts
    assert counts["moved"] + counts["added"] + counts["dropped"] == sum(map(len, rows.values()))
    untouched = [it for it in before.values() if it.status not in UNSENT]
    assert all(after[it.id] == it for it in untouched)
    assert planned(house, new) == {}


def test_the_commands_plan_apply_and_plan_nothing_more(aftercare: Aftercare) -> None:
    aftercare.done("init", "own")
    own = aftercare.folder / "own"
    aftercare.environ |= {
        "AFTERCARE_CONFIG_DIR": str(own / "config"),
        "AFTERCARE_TEMPLATES_DIR": str(own / "templates"),
        "AFTERCARE_DATA_DIR": str(own / "var"),
    }
    visit = ("--clinic", "lumiere", "--treatment", "microneedling", "--at", "2030-03-06T10:00")
    aftercare.done("register", *visit, "--name", "Zoé Exemple", "--phone", "416-555-0123", "--email", "z@p.example")
    before = aftercare.json("timeline", "1")
    edit(own / "config")
    plan = aftercare.json("plan", "--out", "plan.jsonl")
    assert aftercare.json("plan") == plan
    assert aftercare.json("timeline", "1") == before
    kinds = [(it["change"], it["step"], it["channel"]) for it in plan["appointments"][0]["changes"]]
    assert sorted(kinds) == [
        ("added", "evening_care", "sms"),
        ("moved", "avoid_actives", "email"),
        ("moved", "avoid_actives", "sms"),
        ("moved", "redness_check", "sms"),
    ]
    done = aftercare.json("apply", "plan.jsonl", "--by", "Ada")
    assert {key: done["apply"]["totals"][key] for key in ("moved", "added", "dropped", "changed")} == {
        key: plan["totals"][key] for key in ("moved", "added", "dropped", "changed")
    }
    assert aftercare.json("plan")["appointments"] == []
    assert [it["what"] for it in done["apply"]["edits"]] == [it["what"] for it in plan["edits"]]
