"""A drop folder: whole files are imported once, and each ends in one place with its report beside it."""

import json
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import sentence
from scheduler.errors import StoreError
from scheduler.services.dropping import placing, watcher
from scheduler.services.dropping.folder import Folder, is_ignored
from scheduler.services.dropping.watcher import AGAIN, Dropped, Watcher
from scheduler.services.exports import importing
from scheduler.store.alerts import open_alerts
from scheduler.store.known import look_up
from tests.permissions import permissions_hold
from tests.services.exports import ANN, HEADER, LEO, ZOE
from tests.services.house import House

BAD = "B-9,,2026-03-18 15:00,,Max Roy,12,,,peel,,,"
SETTLE = timedelta(seconds=5)
MOMENT = timedelta(seconds=1)


class Drop:
    """A folder that is watched for the clinic north."""

    def __init__(self, house: House, folder: Path, settle: timedelta = timedelta(0)) -> None:
        self.house, self.folder = house, folder
        self.settle = settle
        self.again()

    def again(self) -> None:
        """Let another process watch it, as after a kill."""
        place = Folder(self.folder, self.settle)
        house = self.house
        self.watcher = Watcher(
            house.store, house.configuration, house.clock, house.configuration.clinic("north"), place
        )

    def put(self, name: str, *rows: str, header: str = HEADER) -> Path:
        file = self.folder / name
        file.write_text("\n".join([header, *rows]), encoding="utf-8")
        return file

    def look(self, later: timedelta = MOMENT) -> list[Dropped]:
        self.house.clock.move_to(self.house.clock.now() + later)
        return list(self.watcher.look())

    def places(self) -> list[str]:
        """Return where everything lies, reports and folders left out."""
        found = (it.relative_to(self.folder) for it in self.folder.rglob("*") if not it.is_dir())
        return sorted(str(it) for it in found if ".report." not in it.name)

    def report(self, at: str) -> dict[str, object]:
        read: dict[str, object] = json.loads((self.folder / f"{at}.report.json").read_text("utf-8"))
        return read

    def alerts(self) -> list[str]:
        with self.house.store.read() as tx:
            found = [it for it in open_alerts(tx) if it.kind is AlertKind.INTAKE]
        return [sentence(it.reasons, self.watcher.clinic.timezone) for it in found]


@pytest.fixture
def drop(house: House, tmp_path: Path) -> Drop:
    return Drop(house, _folder(tmp_path))


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def came_to(dropped: Sequence[Dropped]) -> list[tuple[str, str | None]]:
    return [(it.name, it.to) for it in dropped]


def test_a_clean_file_is_done_and_its_report_says_each_row(any_house: House, tmp_path: Path) -> None:
    drop = Drop(any_house, _folder(tmp_path))
    drop.put("today.csv", ZOE, ANN)
    (done,) = drop.look()
    assert (done.to, done.totals["registered"], done.is_clean) == ("done/today.csv", 2, True)
    assert "Zoë" not in repr(done)
    report = drop.report("done/today.csv")
    assert (report["outcome"], report["error"], report["clinic"]) == ("done", None, "north")
    assert report["rows"][0] == {  # type: ignore[index]  # JSON
        "row": 2,
        "result": "registered",
        "reason": "",
        "appointment": 1,
        "who": "Zoë Lachance",
        "when": "2026-03-18 10:00",
    }
    for ending in ("json", "txt"):
        assert (drop.folder / f"done/today.csv.report.{ending}").stat().st_mode & 0o777 == 0o600
    assert drop.look() == []
    assert drop.alerts() == []


def test_where_a_file_ends_says_whether_anything_of_it_was_taken(drop: Drop) -> None:
    drop.put("a-mixed.csv", ZOE, BAD)
    drop.put("b-bad.csv", BAD)
    drop.put("c-none.csv")
    (drop.folder / "d-picture.png").write_bytes(b"\x89PNG\r\n\0\0")
    drop.put("e-other.csv", "1,2", header="a,b")
    found = drop.look()
    assert came_to(found) == [
        ("a-mixed.csv", "done/a-mixed.csv"),
        ("b-bad.csv", "refused/b-bad.csv"),
        ("c-none.csv", "done/c-none.csv"),
        ("d-picture.png", "refused/d-picture.png"),
        ("e-other.csv", "refused/e-other.csv"),
    ]
    assert [it.is_clean for it in found] == [False, False, True, False, False]
    text = (drop.folder / "done/a-mixed.csv.report.txt").read_text("utf-8")
    assert "row 3 (Max Roy, 2026-03-18 15:00): phone:" in text
    assert "1 registered, 1 refused." in text
    assert drop.report("refused/e-other.csv")["error"]
    (told,) = drop.alerts()
    assert "exports in the drop folder that were refused: 2" in told.lower()
    assert "rows of exports in the drop folder that were refused: 2" in told.lower()


def test_a_file_that_is_still_written_is_left_until_it_is_whole(house: House, tmp_path: Path) -> None:
    drop = Drop(house, _folder(tmp_path), SETTLE)
    file = drop.put("slow.csv", ZOE)
    assert drop.look() == []
    assert drop.look(timedelta(seconds=4)) == []
    with file.open("a", encoding="utf-8") as writer:
        writer.write(f"\n{ANN}")
    assert drop.look(timedelta(seconds=4)) == [], "it was written four seconds ago"
    assert drop.look(timedelta(seconds=4)) == []
    assert drop.watcher.folder.waits
    (done,) = drop.look(timedelta(seconds=1))
    assert done.totals["registered"] == 2
    assert not drop.watcher.folder.waits


def test_a_file_that_is_renamed_into_place_is_taken_at_the_next_look(house: House, tmp_path: Path) -> None:
    drop = Drop(house, _folder(tmp_path), SETTLE)
    file = drop.put("whole.csv.part", ZOE)
    old = (house.clock.now() - timedelta(minutes=1)).timestamp()
    os.utime(file, (old, old))
    assert drop.look() == []
    assert not drop.watcher.folder.waits
    file.rename(drop.folder / "whole.csv")
    assert drop.look() == []
    assert came_to(drop.look()) == [("whole.csv", "done/whole.csv")]


def test_a_file_that_a_program_has_open_to_write_it_is_left(drop: Drop) -> None:
    file = drop.put("open.csv", ZOE)
    with file.open("a", encoding="utf-8"):
        assert drop.look() == []
        assert drop.watcher.folder.waits
    assert came_to(drop.look()) == [("open.csv", "done/open.csv")]


def test_what_is_no_export_is_left_alone(drop: Drop, tmp_path: Path) -> None:
    for name in (".hidden.csv", "~$today.xlsx", "a.csv.part", "a.TMP", "a.csv.filepart", "Thumbs.db", "a.csv~"):
        assert is_ignored(name), name
        drop.put(name, ZOE)
    (drop.folder / "more").mkdir()
    (drop.folder / "more" / "in.csv").write_text(f"{HEADER}\n{ZOE}", encoding="utf-8")
    outside = tmp_path / "outside.csv"
    outside.write_text(f"{HEADER}\n{ZOE}", encoding="utf-8")
    (drop.folder / "link.csv").symlink_to(outside)
    os.mkfifo(drop.folder / "pipe.csv")
    assert drop.look() == []
    assert drop.watcher.folder.links == {"link.csv"}
    assert drop.watcher.folder.others == {"pipe.csv"}
    assert outside.exists()


def test_a_name_that_is_there_already_gets_a_number(drop: Drop) -> None:
    for rows in ((ZOE,), (ZOE, ANN), (LEO,)):
        drop.put("today.csv", *rows)
        drop.look()
    assert drop.places() == ["done/today (2).csv", "done/today (3).csv", "done/today.csv"]
    assert drop.report("done/today (2).csv")["totals"]["unchanged"] == 1  # type: ignore[index]  # JSON
    long = f"{'é' * 125}.csv"
    drop.put(long, ZOE)
    (done,) = drop.look()
    assert done.to
    assert (drop.folder / f"{done.to}.report.json").exists()


def test_whoever_is_killed_anywhere_goes_on_where_it_was(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """Ends the process."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(importing, "BATCH", 1)
    steps = [
        (watcher, "tell_of_refused"),
        (placing, "_write"),
        (os, "fsync"),
        (Path, "rename"),
        (placing, "_keep"),
    ]
    for number, (where, name) in enumerate(steps):
        drop.put(f"{number}.csv", f"{ZOE.replace('B-1', f'C-{number}').replace('-18', f'-{10 + number}')}", BAD)
        with monkeypatch.context() as patch:
            patch.setattr(where, name, die)
            with pytest.raises(Killed):
                drop.look()
        drop.again()
        drop.look()
        assert drop.report(f"done/{number}.csv")["totals"]["refused"] == 1  # type: ignore[index]  # JSON
    assert drop.places() == [f"done/{number}.csv" for number in range(len(steps))]
    assert not list(drop.folder.rglob(".*.tmp"))
    with drop.house.store.read() as tx:
        named = look_up(tx, "north", [], [f"C-{number}" for number in range(len(steps))]).visits
        assert all(named.named(f"C-{number}") for number in range(len(steps)))
    with pytest.raises(Exception, match="appointment"):
        drop.house.appointment(len(steps) + 1)


def test_who_is_told_to_stop_ends_after_the_rows_at_hand(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    drop.put("today.csv", ZOE, ANN, LEO)
    answers = iter([False, True])
    drop.watcher.stops = lambda: next(answers)
    assert drop.look() == []
    assert drop.places() == ["today.csv"]
    drop.again()
    (done,) = drop.look()
    assert (done.totals["unchanged"], done.totals["registered"]) == (1, 2)


def test_a_file_that_is_changed_while_it_is_read_is_read_again(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    file = drop.put("today.csv", ZOE)
    before = Watcher._import

    def import_and_write(self: Watcher, whole: object) -> object:
        done = before(self, whole)  # type: ignore[arg-type]  # passed on as it came
        file.write_text(f"{HEADER}\n{ZOE}\n{ANN}", encoding="utf-8")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "_import", import_and_write)
        (changed,) = drop.look()
    assert (changed.to, "was changed" in changed.trouble) == (None, True)
    (done,) = drop.look()
    assert (done.totals["unchanged"], done.totals["registered"]) == (1, 1)


def test_what_the_machine_refuses_is_tried_again_a_minute_later(drop: Drop) -> None:
    (drop.folder / "done").symlink_to("nowhere")
    drop.put("today.csv", ZOE, BAD)
    (kept,) = drop.look()
    assert kept.to is None
    assert kept.trouble.startswith("can't be moved to done: ")
    assert drop.look() == []
    (drop.folder / "done").unlink()
    (done,) = drop.look(AGAIN)
    assert (done.to, done.totals["registered"]) == ("done/today.csv", 1), "the first report was lost"
    assert len(drop.alerts()) == 1


def test_no_link_leads_out_of_the_folder(drop: Drop, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (drop.folder / "done").symlink_to(elsewhere)
    drop.put("today.csv", ZOE)
    (kept,) = drop.look()
    assert kept.to is None
    assert list(elsewhere.iterdir()) == []


def test_a_file_that_may_not_be_read_is_told_of_once(drop: Drop) -> None:
    drop.put("secret.csv", ZOE).chmod(0)
    with permissions_hold():
        assert [it.trouble for it in drop.look()] == ["can't be read: Permission denied"]
        assert [it.trouble for it in drop.look(AGAIN)] == ["can't be read: Permission denied"]
    assert drop.alerts() == ["Exports in the drop folder that were refused: 1; a report beside each says why."]


def test_a_folder_or_a_database_that_is_away_loses_nothing(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop.put("today.csv", ZOE)
    away = drop.folder.with_name("away")
    drop.folder.rename(away)
    with pytest.raises(FileNotFoundError):
        drop.look()
    away.rename(drop.folder)

    def fail(*_: object) -> None:
        raise StoreError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "_import", fail)
        with pytest.raises(StoreError):
            drop.look()
    assert came_to(drop.look()) == [("today.csv", "done/today.csv")]
