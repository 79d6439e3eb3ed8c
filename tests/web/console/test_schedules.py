"""Schedules: the list of protocols, a protocol as a picture and in words, what is wrong with the files."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.services.schedule_work import ScheduleWork
from tests.services.editing import edited, moved
from tests.services.house import CONFIG, House
from tests.web.desk import desk_app, signed_in

LIST = "/desk/schedules"


@pytest.fixture
def files(house: House, tmp_path: Path) -> Path:
    """A folder of configuration that may be edited."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    house.settings = replace(house.settings, config_dir=folder, templates_dir=house.texts_dir)
    return folder


def looked(house: House, path: str, work: ScheduleWork) -> str:
    """Return the page once the files have been checked."""
    visitor = signed_in(desk_app(house, work=work), house.store, Role.VIEWER, EVERY_CLINIC)
    visitor.get(path)
    work.checks.wait(60)
    return visitor.get(path).text


def test_the_list_says_of_each_protocol_who_is_in_flight_and_what_is_approved(any_house: House) -> None:
    any_house.register()
    any_house.register(name="Ann", phone="+14165550124", email="ann@patients.example")
    page = signed_in(desk_app(any_house), any_house.store, Role.VIEWER).get(LIST).text
    assert [name in page for name in ("Peel", "Laser", "Needling")] == [True] * 3
    assert 'data-head="Appointments in flight" class="number">2</td>' in page
    assert re.search(r"0 of \d+ approved", page)


def test_a_reader_of_one_clinic_sees_the_counts_of_that_clinic_only(any_house: House) -> None:
    any_house.register(clinic="south", phone="+34600000001")
    app = desk_app(any_house)
    number = 'data-head="Appointments in flight" class="number">1</td>'
    assert number not in signed_in(app, any_house.store, Role.VIEWER, "north").get(LIST).text
    assert number in signed_in(app, any_house.store, Role.VIEWER, "south").get(LIST).text


def test_an_edit_that_is_not_applied_is_a_badge_and_a_line_on_top(any_house: House) -> None:
    any_house.register()
    any_house.configuration = edited(any_house.configuration, check=moved("2d", "12:00"))
    visitor = signed_in(desk_app(any_house), any_house.store, Role.VIEWER)
    assert "An edit is not applied to appointments in flight" in visitor.get(LIST).text
    protocol = visitor.get(f"{LIST}/peel").text
    assert "/desk/schedules/pending-edit?clinic=north&amp;treatment=peel" in protocol
    assert "Edited" in protocol


def test_an_edit_of_another_clinics_visits_is_not_told(any_house: House) -> None:
    any_house.register(clinic="south", phone="+34600000001")
    any_house.configuration = edited(any_house.configuration, check=moved("2d", "12:00"))
    page = signed_in(desk_app(any_house), any_house.store, Role.VIEWER, "north").get(LIST).text
    assert "not applied to visits" not in page


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "2 days after the appointment, at 10:00"),
        ("fr", "2 jours après le rendez-vous, à 10"),
        ("es", "2 días después de la cita, a las 10:00"),
    ],
)
def test_a_protocol_is_a_picture_and_a_table_that_says_the_same(house: House, language: str, said: str) -> None:
    visitor = signed_in(desk_app(house), house.store, Role.VIEWER)
    page = visitor.get(f"{LIST}/peel", accept_language=language).text
    assert said in page.replace("\u202f", " ").replace("\xa0", " ")
    picture = page[page.index('<svg class="picture"') : page.index("</svg>", page.index('<svg class="picture"'))]
    prepare = {"en": "Prepare", "fr": "Préparation", "es": "Preparación"}[language]
    for step in (prepare, "First hours", "Next day", "Check", "Tips", "Rebook", "Offer"):
        assert step in picture
        assert page.count(step) >= 2
    assert "style=" not in picture
    assert "<style" not in picture


def test_what_is_not_there_and_what_is_anothers_are_the_same(house: House) -> None:
    visitor = signed_in(desk_app(house), house.store, Role.VIEWER, "north")
    paths = ["/nothing", "/peel/nothing", "/peel?clinic=south", "/peel?clinic=nowhere", "/pending-edit?clinic=south"]
    assert [visitor.get(f"{LIST}{path}").status_code for path in paths] == [404] * len(paths)


def test_a_broken_file_is_told_on_top_and_the_service_goes_on_by_the_last_sound_ones(
    house: House, files: Path
) -> None:
    work = ScheduleWork()
    assert "so they were not taken" not in looked(house, LIST, work)
    peel = files / "protocols" / "peel.yaml"
    peel.write_text(f"{peel.read_text(encoding='utf-8')}stepz: []\n", encoding="utf-8")
    page = looked(house, LIST, work)
    assert "so they were not taken" in page
    assert "Peel" in page
    shown = looked(house, f"{LIST}/file-check", work)
    assert "config/protocols/peel.yaml:" in shown
    assert "there is no such key here" in shown
    peel.write_text((CONFIG / "protocols" / "peel.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert "so they were not taken" not in looked(house, LIST, work)


def test_a_title_with_markup_in_it_is_shown_and_does_nothing(house: House) -> None:
    known = house.configuration
    evil = replace(known.protocols["peel"], title={"en": "<script>alert(1)</script>"})
    place = replace(known.clinics["north"], name='"><img src=x onerror=alert(1)>')
    house.configuration = replace(
        known, protocols={**known.protocols, "peel": evil}, clinics={**known.clinics, "north": place}
    )
    visitor = signed_in(desk_app(house), house.store, Role.VIEWER, EVERY_CLINIC)
    for path in (LIST, f"{LIST}/peel", f"{LIST}/peel/check", f"{LIST}/other-texts", f"{LIST}/pending-edit"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
