"""The tutorial of the console is true: the names it gives are there, and its way leads where it says."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from scheduler.web.console.words import words
from tests.acceptance.playing import playing
from tests.browser.console.first_visit import SHOTS, TUTORIAL, names, walk

OF_THE_STORY = {"Zoë Sample", "Alice Sample"}


def said(value: object) -> set[str]:
    """Return all texts of a tree of words."""
    if isinstance(value, dict):
        return {text for it in value.values() for text in said(it)}
    return {str(value)}


def test_each_name_that_the_tutorial_gives_is_a_word_of_the_console() -> None:
    assert names() - said(dict(words("en"))) - OF_THE_STORY == set()


def test_the_tutorial_shows_each_of_its_pictures_in_their_order() -> None:
    shown = re.findall(r"!\[[^\]]{20,}\]\(\S+/first-visit-([\w-]+)\.webp\)", TUTORIAL.read_text(encoding="utf-8"))
    assert tuple(shown) == SHOTS


@pytest.mark.long
def test_whoever_follows_the_tutorial_registers_a_patient_and_answers_another(
    chromium: Browser, tmp_path: Path
) -> None:
    taken: list[str] = []

    def note(_page: Page, name: str) -> None:
        taken.append(name)

    with playing(tmp_path, "--seconds", "12", "--port", "0") as demo:
        reader = walk(chromium, demo, note)
    assert tuple(taken) == SHOTS
    assert reader.used == names()
