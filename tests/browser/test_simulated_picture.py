"""The picture that `aftercare simulate --svg` writes, in a browser: as a file of its own."""

from datetime import datetime
from pathlib import Path

import pytest

from scheduler.cli.simulated_story import story
from scheduler.cli.simulated_svg import draw
from scheduler.content.templates import Texts
from scheduler.domain.simulated import Answered, Case
from scheduler.paths import shipped
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import load
from scheduler.services.simulation import Simulator
from tests.browser.chrome import Tab

PLAYED = Case(
    clinic="lumiere",
    treatment="microneedling",
    starts_at=datetime(2026, 3, 6, 20, 30),  # noqa: DTZ001  (the clinic's wall clock)
    registered_at=datetime(2026, 3, 4, 9, 0),  # noqa: DTZ001  (the clinic's wall clock)
    has_email=False,
    events=(
        Answered(
            datetime(2026, 3, 8, 12, 0),  # noqa: DTZ001  (the clinic's wall clock)
            "redness_check",
            "3, c'est pire, j'ai de la fièvre et beaucoup de rougeur autour des yeux",
        ),
    ),
)
CONTRAST = """(() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.querySelector(".paper")).fill);
  return Math.min(...[...document.querySelectorAll("text")].map(text => {
    const ink = light(getComputedStyle(text).fill);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  }));
})()"""
OUTSIDE = """(() => {
  const paper = document.querySelector(".paper").getBoundingClientRect();
  return [...document.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < paper.left || box.right > paper.right || box.bottom > paper.bottom;
  }).map(text => text.textContent);
})()"""
SMALLEST = "Math.min(...[...document.querySelectorAll('text')].map(it => it.getBoundingClientRect().height))"


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    simulator = Simulator(load(shipped("config")), Texts(shipped("templates")), Lexicons(shipped("config")))
    try:
        played = simulator.play(PLAYED)
    finally:
        simulator.close()
    file = tmp_path_factory.mktemp("picture") / "picture.svg"
    file.write_text(draw(played, story(played)), encoding="utf-8")
    return file


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_can_be_read_on_a_phone_in_light_and_dark(tab: Tab, picture: Path, dark: bool) -> None:
    tab.look(width=360, dark=dark)
    tab.open(picture.as_uri())
    assert tab.see(OUTSIDE) == []
    assert tab.see(CONTRAST) >= 4.5
    assert tab.see(SMALLEST) >= 12


def test_dark_is_another_picture_than_light(tab: Tab, picture: Path) -> None:
    colours = []
    for dark in (False, True):
        tab.look(dark=dark)
        tab.open(picture.as_uri())
        colours.append(tab.see("getComputedStyle(document.querySelector('.paper')).fill"))
    assert colours[0] != colours[1]
