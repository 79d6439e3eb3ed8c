"""A plan in a file: who made it, and what becomes of it when its apply is stopped while it waits."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.domain.states import Cause, Status
from scheduler.errors import ConflictError
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all
from tests.services.editing import edited, planned
from tests.services.house import CHECK, NEXT_DAY, House, after
from tests.services.test_applying import NOON, StoppedError, applier, crowd, edit, write_plan


@pytest.mark.parametrize("seal", [None, 7, "é", "00", "f" * 64])
def test_a_file_that_somebody_made_up_is_refused(house: House, tmp_path: Path, seal: object) -> None:
    house.register()
    new = edit(house)
    plan = write_plan(house, new, tmp_path / "plan.jsonl")
    *lines, footer = plan.read_text(encoding="utf-8").splitlines(keepends=True)
    said = {name: value for name, value in json.loads(footer).items() if name == "sha256"}
    forged = said if seal is None else {**said, "seal": seal}
    plan.write_text("".join((*lines, json.dumps(forged))), encoding="utf-8")
    with pytest.raises(ConflictError, match="was not made by this installation"):
        applier(house, new).apply_file(plan)


def test_a_plan_that_was_stopped_while_it_waited_for_what_was_being_sent_comes_to_its_end(
    any_house: House, tmp_path: Path
) -> None:
    visits = crowd(any_house, 3)
    any_house.dispatch(NEXT_DAY)
    any_house.clock.move_to(CHECK)
    ids = [any_house.message(visits[0], "check").id]
    claimed = any_house.claim("engine", limit=1)
    assert claimed == ids
    (letter,) = any_house.prepare("engine", claimed).letters
    new = edited(any_house.configuration, check=NOON)
    plan = write_plan(any_house, new, tmp_path / "plan.jsonl")

    def killed(_seconds: float) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        applier(any_house, new, pause=killed).apply_file(plan)
    fails = Move(letter.due.message.id, Status.SENDING, Cause.RETRY, Status.SCHEDULED, by="engine")
    with any_house.store.write() as tx:
        move_all(tx, [fails], now=any_house.clock.now())
    with pytest.raises(ConflictError, match=f"nothing more was done, .*: appointment {visits[0]}: message"):
        applier(any_house, new).apply_file(plan)
    assert list(planned(any_house, new)) == visits[:1]


def test_a_plan_that_was_stopped_while_it_waited_goes_on_with_what_is_still_as_it_was(
    any_house: House, tmp_path: Path
) -> None:
    visits = crowd(any_house, 3)
    new = edited(any_house.configuration, check=NOON)
    any_house.dispatch(NEXT_DAY)
    any_house.clock.move_to(CHECK)
    sending = any_house.claim("engine", limit=1)
    any_house.prepare("engine", sending)
    plan = write_plan(any_house, new, tmp_path / "plan.jsonl")

    def killed(_seconds: float) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        applier(any_house, new, pause=killed).apply_file(plan)
    any_house.clock.move_to(after(CHECK, minutes=30))  # the engine is gone as well: its lease has run out
    done = applier(any_house, new).apply_file(plan)
    assert (done.resumed, done.refused, planned(any_house, new)) == (True, {}, {})
    assert any_house.message(visits[0], "check").status is Status.SENDING
    assert done.apply
    assert done.apply.counts["in_flight"] == len(visits)


@pytest.mark.parametrize(
    "harm", [lambda text: text[:-40], lambda text: text.replace("12", "13"), lambda _: "", str.upper]
)
def test_a_file_that_was_cut_or_edited_is_refused(house: House, tmp_path: Path, harm: Callable[[str], str]) -> None:
    house.register()
    new = edited(house.configuration, check=NOON)
    plan = write_plan(house, new, tmp_path / "plan.jsonl")
    plan.write_text(harm(plan.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ConflictError, match=r"is not as it was written|is no plan of this version"):
        applier(house, new).apply_file(plan)
