"""Schedules: protocols and texts as a clinic has them, what is wrong with files, plans and applies."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.domain.access import Permission
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.services.schedule_work import ScheduleWork
from tests.api.office import Office
from tests.api.test_lists import through
from tests.services.editing import edited, moved, removed
from tests.services.house import CONFIG, House

HOLD = 30.0


@pytest.fixture
def work() -> Iterator[ScheduleWork]:
    made = ScheduleWork()
    yield made
    made.stop()


@pytest.fixture
def sample(house: House) -> Office:
    """The API over the shipped clinics, protocols and texts."""
    known = load(shipped("config"))
    return Office(replace(house, configuration=known, texts_dir=shipped("templates")))


def edit(house: House, work: ScheduleWork) -> Office:
    """Return the API by files in which one step was moved and one removed."""
    house.configuration = edited(house.configuration, check=moved("2d", "12:00"), tips=removed)
    return Office(house, work=work)


def test_every_protocol_is_shown_with_its_steps_texts_advice_and_sources(sample: Office) -> None:
    program = sample.program()
    for line in program.get("/schedules").json()["items"]:
        assert line["parts"] > 0
        told = program.get(f"/schedules/{line['id']}?clinic=lumiere").json()
        assert {it["channel"] for step in told["steps"] for it in step["texts"]} <= {"sms", "email"}
    told = program.get("/schedules/microneedling?clinic=lumiere").json()
    advice = [it for step in told["steps"] for it in step["advice"]]
    assert advice
    assert all(it["text"] and it["sources"] for it in advice)
    assert program.get("/schedules/unknown").status_code == 404
    assert program.get("/schedules?clinic=nowhere").json()["items"][0]["in_flight"] == 0


def test_every_text_of_a_protocol_is_shown_as_it_is_sent_in_each_language(sample: Office) -> None:
    program, known = sample.program(), sample.house.configuration
    for step in known.protocol_for("lumiere", "microneedling").steps:
        for language in known.clinic("lumiere").languages:
            path = f"/schedules/microneedling/steps/{step.id}?clinic=lumiere&language={language}"
            told = program.get(path).json()
            assert {it for it in ("sms", "email") if told[it]} == {it.value for it in step.channels}, told["faults"]
    for text in ("answer_urgent", "alert_urgent"):
        assert program.get(f"/texts/{text}?clinic=lumiere").json()["sms"]["body"]
    assert program.get("/schedules/microneedling/steps/unknown").status_code == 404
    assert program.get("/texts/unknown").status_code == 404
    wrong = program.get("/texts/answer_urgent?clinic=lumiere&language=xx").json()
    assert wrong["errors"][0]["field"] == "language"


def test_what_is_wrong_with_the_files_is_named_with_file_and_line(
    house: House, work: ScheduleWork, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    shutil.copytree(CONFIG, folder)
    peel = folder / "protocols" / "peel.yaml"
    peel.write_text(f"{peel.read_text(encoding='utf-8')}stepz: []\n", encoding="utf-8")
    broken = replace(house, settings=replace(house.settings, config_dir=folder))
    program = Office(broken, work=work).program(Permission.READ)
    assert program.get("/file-problems").json()["checked_at"] is None
    work.checks.wait(HOLD)
    found = program.get("/file-problems").json()
    assert found["checked_at"]
    (problem,) = [it for it in found["items"] if it["code"] == "unknown-key"]
    assert (problem["file"], problem["severity"], problem["line"] > 1) == ("protocols/peel.yaml", "error", True)
    assert not any(it["file"].startswith("/") for it in found["items"])


def test_a_plan_is_made_read_page_by_page_and_carried_out_as_it_was_read(
    any_house: House, work: ScheduleWork
) -> None:
    any_house.register()
    program = edit(any_house, work).program()
    assert [it["step"] for it in program.get("/schedules/peel?clinic=north").json()["edits"]] == ["check", "tips"]
    assert program.get("/plans/current").json() == {
        "clinic": None,
        "treatment": None,
        "pins": [],
        "job": None,
        "plan": None,
    }
    assert program.get("/plans/current/changes").json()["items"] == []
    assert program.post("/plans/current/apply", {"made_at": "2026-03-10T15:00:00Z"}).status_code == 409
    begun = program.post("/plans", {})
    assert (begun.status_code, begun.json()["job"]["by"]) == (202, "key:key-1")
    work.plans.wait(HOLD)
    made = program.get("/plans/current").json()
    assert (made["job"]["state"], made["plan"]["changes"]) == ("done", 1)
    assert made["plan"]["totals"]["moved"] == 1
    (visit,) = through(program, "/plans/current/changes?")
    assert {(it["step"], it["change"]) for it in visit["changes"]} == {("check", "moved"), ("tips", "dropped")}
    stale = program.post("/plans/current/apply", {"made_at": "2026-03-09T15:00:00Z"})
    assert stale.status_code == 409
    done = program.post("/plans/current/apply", {"made_at": made["plan"]["made_at"]})
    assert done.status_code == 202, done.text
    work.applies.wait(HOLD)
    told = program.get("/applies").json()
    assert (told["job"]["state"], told["left"]) == ("done", [])
    assert (told["items"][0]["by"], told["items"][0]["totals"]["moved"]) == ("key:key-1", 1)
    due = {it["step"]: it["due_at"] for it in program.get("/appointments/1/timeline").json()["messages"]}
    assert due["check"] == "2026-03-20T16:00:00Z"
    assert program.post(f"/applies/{told['items'][0]['id']}/go-on").status_code == 404
    assert program.post("/applies/give-up").json()["items"] == []


def test_a_pinned_step_is_left_out_of_a_plan(any_house: House, work: ScheduleWork) -> None:
    any_house.register()
    program = edit(any_house, work).program()
    assert program.post("/plans", {"treatment": "peel", "pins": ["peel.check"]}).status_code == 202
    work.plans.wait(HOLD)
    made = program.get("/plans/current?treatment=peel&pins=peel.check").json()
    assert (made["pins"], made["plan"]["totals"]["moved"]) == (["peel.check"], 0)
    assert program.get("/plans/current?treatment=peel").json()["plan"] is None
    assert program.get("/plans/current?pins=peel").status_code == 422


def test_a_key_of_one_clinic_plans_and_applies_there_alone(any_house: House, work: ScheduleWork) -> None:
    any_house.register()
    office = edit(any_house, work)
    north, south = (office.program(clinic=it) for it in ("north", "south"))
    reader = office.program(Permission.READ, clinic="north")
    assert north.post("/plans", {}).json()["errors"][0]["field"] == "clinic"
    assert south.post("/plans", {"clinic": "north"}).status_code == 404
    assert reader.post("/plans", {"clinic": "north"}).status_code == 202
    work.plans.wait(HOLD)
    made_at = north.get("/plans/current?clinic=north").json()["plan"]["made_at"]
    body = {"clinic": "north", "made_at": made_at}
    assert reader.post("/plans/current/apply", body).status_code == 403
    assert south.post("/plans/current/apply", body).status_code == 404
    assert south.get("/plans/current?clinic=north").status_code == 404
    assert north.post("/applies/give-up").status_code == 403
    assert north.post("/plans/current/apply", body).status_code == 202
    work.applies.wait(HOLD)
    assert north.get("/applies").json()["job"]["state"] == "done"
    assert south.get("/applies").json()["job"] is None
