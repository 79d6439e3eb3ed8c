"""Edited files are taken when they are sound as a whole; else the last good ones stay, and a person is told."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from scheduler.domain.alert import AlertKind
from scheduler.errors import SettingsError
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import raise_alert
from scheduler.services.edited_files import digest_of_all
from scheduler.services.files_health import other_files
from scheduler.services.reloading import FIRST, RESTLESS
from tests.permissions import permissions_hold
from tests.services.edits import CLINIC, PROTOCOL, TEXT, Desk, swap, timing, wording, write_folders
from tests.services.house import House, after


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    return Desk(house, write_folders(tmp_path / "own"))


@pytest.fixture
def any_desk(any_house: House, tmp_path: Path) -> Desk:
    return Desk(any_house, write_folders(tmp_path / "own"))


def test_what_a_process_was_started_with_is_judged_later_and_kept_as_it_is(desk: Desk) -> None:
    assert desk.looks(FIRST - 1) is None
    edition = desk.look()
    assert edition is not None
    assert set(edition.configuration.protocols) == {"quick"}
    assert desk.looks(10) is None
    assert desk.notes()["one"].digest == digest_of_all(edition.digests)


def test_an_edit_is_taken_at_the_second_look_that_sees_it_and_the_log_says_what_changed(desk: Desk) -> None:
    before = desk.settle()
    desk.text.write_text(f"New. {TEXT}", encoding="utf-8")
    with structlog.testing.capture_logs() as lines:
        assert desk.look() is None
        edition = desk.look()
    assert edition is not None
    assert wording(edition) != wording(before)
    (line,) = lines
    name = "templates/en/sun/sms.txt"
    assert line["event"] == "config.taken"
    assert line["changed"] == {name: edition.digests[name][:12]}


def test_an_edit_right_after_the_start_is_taken_without_waiting_for_its_files_to_be_judged(desk: Desk) -> None:
    desk.protocol.write_text(PROTOCOL.replace("2h", "3h"), encoding="utf-8")
    edition = desk.looks(2)
    assert edition is not None
    assert timing(edition) == "3h"
    assert desk.looks(FIRST) is None


def test_a_file_that_is_being_written_is_not_judged(any_desk: Desk) -> None:
    any_desk.settle()
    whole = PROTOCOL.replace("2h", "3h")
    for end in range(20, len(whole), 20):
        any_desk.protocol.write_text(whole[:end], encoding="utf-8")
        assert any_desk.look() is None
    any_desk.protocol.write_text(whole, encoding="utf-8")
    assert any_desk.looks(2) is not None
    assert any_desk.all() == []


def test_files_with_an_error_raise_one_alert_with_its_place_and_close_it_when_mended(any_desk: Desk) -> None:
    edition = any_desk.settle()
    any_desk.break_protocol()
    with structlog.testing.capture_logs() as lines:
        assert any_desk.looks(10) is None
    (alert,) = any_desk.open()
    assert (alert.kind, alert.subject, alert.clinic) == (AlertKind.CONFIG, "installation", None)
    assert f"{any_desk.protocol}:6:1: error: stepz" in dict(alert.reasons[0].params)["error"]
    assert [line["event"] for line in lines] == ["config.refused", "alert.opened"]
    assert (lines[0]["where"], lines[0]["code"]) == (f"{any_desk.protocol}:6", "unknown-key")
    note = any_desk.notes()["one"]
    assert (note.digest, note.refused is None) == (digest_of_all(edition.digests), False)
    any_desk.mend_protocol()
    assert any_desk.looks(2) is None  # they are what is in use
    assert any_desk.open() == []
    assert any_desk.notes()["one"].refused is None


def test_another_error_gives_the_open_alert_its_words_and_rings_nobody_again(any_desk: Desk) -> None:
    any_desk.settle()
    any_desk.break_protocol()
    any_desk.looks(2)
    any_desk.mend_protocol()
    any_desk.text.write_text("{{ clinic.nam }}\n", encoding="utf-8")
    any_desk.looks(2)
    (alert,) = any_desk.all()
    assert "sms.txt:1" in dict(alert.reasons[0].params)["error"]


def test_a_warning_keeps_nothing_from_being_taken(desk: Desk) -> None:
    desk.settle()
    (desk.config / "protocols" / "other.yml").write_text("protocol: other\n", encoding="utf-8")
    assert desk.looks(2) is not None
    assert desk.open() == []


def _break_clinics(desk: Desk) -> None:
    shutil.rmtree(desk.config / "clinics")


def _break_all(desk: Desk) -> None:
    shutil.rmtree(desk.config)


def _break_texts(desk: Desk) -> None:
    shutil.rmtree(desk.templates)


def _lead_nowhere(desk: Desk) -> None:
    desk.protocol.unlink()
    desk.protocol.symlink_to(desk.folder / "nowhere")


def _lead_in_a_circle(desk: Desk) -> None:
    desk.protocol.unlink()
    desk.protocol.symlink_to(desk.protocol)


def _pipe(desk: Desk) -> None:
    desk.protocol.unlink()
    os.mkfifo(desk.protocol)


def _forbid(desk: Desk) -> None:
    desk.protocol.chmod(0)


def _empty(desk: Desk) -> None:
    desk.protocol.write_bytes(b"")


def _garble(desk: Desk) -> None:
    desk.text.write_bytes(b"\xff\xfe\x00")


BROKEN = [_break_clinics, _break_all, _break_texts, _lead_nowhere, _lead_in_a_circle, _pipe, _forbid, _empty, _garble]


@pytest.mark.parametrize("harm", BROKEN, ids=lambda harm: harm.__name__.strip("_"))
def test_whatever_befalls_the_files_the_last_good_ones_stay_until_they_are_back(
    desk: Desk, harm: Callable[[Desk], None]
) -> None:
    desk.settle()
    harm(desk)
    with permissions_hold():
        assert desk.looks(2) is None
    assert [alert.kind for alert in desk.open()] == [AlertKind.CONFIG]
    if harm is _forbid:
        desk.protocol.chmod(0o600)
    else:
        shutil.rmtree(desk.folder)
        write_folders(desk.folder)
    assert desk.looks(2) is None
    assert desk.open() == []


def test_a_link_to_files_of_the_same_size_and_age_is_an_edit(desk: Desk) -> None:
    """What Kubernetes mounts: names that lead through `..data`, which is swapped."""
    for name, hours in (("..1", "2h"), ("..2", "5h")):
        (desk.config / "protocols" / name).mkdir()
        file = desk.config / "protocols" / name / "quick.yaml"
        file.write_text(PROTOCOL.replace("2h", hours), encoding="utf-8")
        os.utime(file, ns=(0, 0))
    data = desk.config / "protocols" / "..data"
    data.symlink_to("..1")
    desk.protocol.unlink()
    desk.protocol.symlink_to("..data/quick.yaml")
    assert timing(desk.settle()) == "2h"
    swap(data, Path("..2"))
    edition = desk.looks(2)
    assert edition is not None
    assert timing(edition) == "5h"


def test_a_link_back_to_its_own_folder_ends(desk: Desk) -> None:
    (desk.templates / "en" / "again").symlink_to(desk.templates)
    assert len(desk.settle().digests) < 1000


def test_files_that_were_only_touched_are_not_judged_again(desk: Desk) -> None:
    desk.settle()
    os.utime(desk.text, ns=(1, 1))
    with structlog.testing.capture_logs() as lines:
        assert desk.looks(5) is None
    assert lines == []


def test_a_text_that_is_used_late_is_the_one_that_was_taken(desk: Desk) -> None:
    edition = desk.settle()
    before = edition.digests["templates/en/sun/sms.txt"]
    desk.text.write_text("{% broken", encoding="utf-8")
    assert wording(edition) == before


def test_what_the_environment_lacks_refuses_files_that_need_it(desk: Desk) -> None:
    def refuse(configuration: Configuration) -> None:
        if configuration.clinics["harbour"].on_call:
            raise SettingsError("AFTERCARE_WEBHOOK_SECRET is not set")

    desk.reloader = replace(desk.reloader, refuse=refuse)
    desk.settle()
    clinic = desk.config / "clinics" / "harbour.yaml"
    clinic.write_text(CLINIC + 'on_call: [{name: Pager, webhook: "https://pager.example/a"}]\n', encoding="utf-8")
    assert desk.looks(2) is None
    (alert,) = desk.open()
    assert dict(alert.reasons[0].params)["error"] == "AFTERCARE_WEBHOOK_SECRET is not set"


def test_a_fault_of_ours_that_an_edit_brings_to_light_stops_nothing_and_is_told(desk: Desk) -> None:
    def fail(configuration: Configuration) -> None:
        raise ZeroDivisionError(str(configuration))

    desk.settle()
    desk.reloader.refuse = fail
    desk.text.write_text(f"New. {TEXT}", encoding="utf-8")
    with structlog.testing.capture_logs() as lines:
        assert desk.looks(2) is None
    assert lines[0]["event"] == "config.unjudged"
    assert "fault of the program" in dict(desk.open()[0].reasons[0].params)["error"]


def test_a_database_that_is_away_is_told_when_it_is_back(house: House, desk: Desk, tmp_path: Path) -> None:
    desk.settle()
    desk.break_protocol()
    file = Path(house.store.where)
    file.rename(tmp_path / "away")
    file.mkdir()
    house.store.close()
    assert desk.looks(3) is None
    file.rmdir()
    (tmp_path / "away").rename(file)
    assert desk.looks(1) is None
    assert [alert.kind for alert in desk.open()] == [AlertKind.CONFIG]


def test_of_several_processes_the_alert_lasts_while_one_refuses(any_desk: Desk, tmp_path: Path) -> None:
    other = Desk(any_desk.house, write_folders(tmp_path / "second"), owner="two")
    any_desk.settle()
    other.settle()
    any_desk.break_protocol()
    any_desk.looks(2)
    other.text.write_text(f"New. {TEXT}", encoding="utf-8")
    assert other.looks(2) is not None
    assert len(any_desk.open()) == 1
    any_desk.mend_protocol()
    any_desk.looks(2)
    assert any_desk.open() == []
    assert len(any_desk.all()) == 1


def test_what_a_process_refused_that_was_killed_ends_by_itself(any_desk: Desk, tmp_path: Path) -> None:
    other = Desk(any_desk.house, write_folders(tmp_path / "second"), owner="two")
    any_desk.settle()
    other.settle()
    other.break_protocol()
    other.looks(2)
    assert len(any_desk.open()) == 1
    any_desk.house.clock.move_to(after(any_desk.house.clock.now(), minutes=4))
    any_desk.looks(1)
    assert any_desk.open() == []
    assert set(any_desk.notes()) == {"one"}


def test_a_process_that_ends_is_forgotten_and_the_next_start_closes_what_is_mended(desk: Desk) -> None:
    desk.settle()
    desk.break_protocol()
    desk.looks(2)
    desk.reloader.leave()
    assert desk.notes() == {}
    assert len(desk.open()) == 1
    desk.mend_protocol()
    desk.reloader = desk.start()
    desk.settle()
    assert desk.open() == []


def test_the_only_process_of_a_database_forgets_those_that_were_killed(house: House, tmp_path: Path) -> None:
    folder = write_folders(tmp_path / "own")
    Desk(house, folder, owner="killed").settle()
    alone = Desk(house, folder, owner="next", alone=True)
    alone.settle()
    assert set(alone.notes()) == {"next"}


def test_no_alert_of_another_kind_is_closed(desk: Desk) -> None:
    with desk.house.store.write() as tx:
        raise_alert(tx, AlertKind.PAST_DUE, "installation", reasons=(), now=desk.house.clock.now())
    desk.settle()
    assert [alert.kind for alert in desk.open()] == [AlertKind.PAST_DUE]


def test_of_a_thousand_edits_in_a_row_the_last_is_taken(desk: Desk) -> None:
    desk.settle()
    with structlog.testing.capture_logs() as lines:
        for n in range(1000):
            desk.text.write_text(f"{n}. {TEXT}", encoding="utf-8")
            assert desk.look() is None
        edition = desk.looks(2)
    assert edition is not None
    assert edition.digests == desk.reloader.files.digests()
    assert [line["event"] for line in lines] == ["config.restless", "config.taken"]
    assert lines[0]["looks"] == RESTLESS


def test_the_doctor_names_a_process_that_works_by_other_files_and_one_that_has_broken_ones(any_desk: Desk) -> None:
    def findings() -> list[tuple[str, str]]:
        settings = replace(any_desk.house.settings, config_dir=any_desk.config, templates_dir=any_desk.templates)
        found = other_files(any_desk.house.store, settings, now=any_desk.house.clock.now())
        return [(it.message, it.remedy) for it in found]

    assert findings() == []
    any_desk.settle()
    assert findings() == []
    any_desk.break_protocol()
    said = "one works by other files than these since 2026-03-10 15:00 UTC"
    assert findings() == [(said, "it takes these within seconds, if it reads the same folders")]
    any_desk.looks(2)
    assert findings() == [(said, "mend what `aftercare check` shows")]
    any_desk.reloader = any_desk.start()
    assert any_desk.looks(FIRST) is None
    assert findings()[0][0] == "one runs since 2026-03-10 15:00 UTC by files that have errors"


def test_a_bad_edit_right_after_the_start_does_not_make_the_files_of_the_start_bad_ones(desk: Desk) -> None:
    settings = replace(desk.house.settings, config_dir=desk.config, templates_dir=desk.templates)
    started_at = desk.house.clock.now()
    desk.break_protocol()
    desk.looks(2)
    desk.house.clock.move_by(timedelta(minutes=2))
    desk.looks(1)
    (found,) = other_files(desk.house.store, settings, now=desk.house.clock.now())
    assert found.message == f"one works by other files than these since {started_at:%Y-%m-%d %H:%M} UTC"
    assert found.remedy == "mend what `aftercare check` shows"
