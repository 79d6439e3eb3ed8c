"""The words of the console: the same in every language, and none that nobody can find."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.web.console.errors import PAGES
from scheduler.web.console.icons import ICONS
from scheduler.web.console.navigation import PLACES, TONES
from scheduler.web.console.words import counted, fill, said, words
from scheduler.web.pages import LANGUAGES

WEB = Path(__file__).parents[2] / "scheduler" / "web"
NOUNS = sorted(file.stem for file in (WEB / "words" / "console" / "en").glob("*.toml"))
FORMS = {"one", "other"}


def texts(section: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(section, dict):
        for key, value in section.items():
            yield from texts(value, f"{name}.{key}")
    else:
        yield name, section


def of(language: str, noun: str) -> dict[str, object]:
    return dict(texts(words(language)._of(noun), noun))


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_says_the_same_things_with_the_same_values(language: str, noun: str) -> None:
    english, other = of("en", noun), of(language, noun)
    assert english.keys() == other.keys()
    for name, text in english.items():
        told = other[name]
        assert bool(told) == bool(text), name
        assert type(told) is type(text), name
        if name.rpartition(".")[2] != "one":  # a language may have no number in the sentence of one
            assert set(re.findall(r"{\w+}", str(text))) == set(re.findall(r"{\w+}", str(told))), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_file_is_there_in_one_language_only(language: str) -> None:
    assert sorted(file.stem for file in (WEB / "words" / "console" / language).glob("*.toml")) == NOUNS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_class_place_and_error_has_a_word(language: str) -> None:
    told = words(language)
    assert set(told["status"]) == set(Status)
    assert set(told["triage"]) == set(Triage)
    assert {place.name for place in PLACES} == set(told["nav"])
    assert set(PAGES.values()) | {f"{what}_text" for what in PAGES.values()} <= set(told["errors"])
    assert {sign for _, sign in TONES.values()} | {place.name for place in PLACES} <= set(ICONS)


def test_a_number_chooses_its_form_in_each_language() -> None:
    forms = {"one": "{count} visit", "other": "{count} visits"}
    assert [counted(forms, n, "en", str(n)) for n in (0, 1, 2)] == ["0 visits", "1 visit", "2 visits"]
    assert [counted(forms, n, "fr", str(n)) for n in (0, 1, 2)] == ["0 visit", "1 visit", "2 visits"]
    assert counted(forms, 1_000_000, "es", "1 000 000") == "1 000 000 visits"


def test_what_is_put_into_a_sentence_is_text() -> None:
    assert fill("<b> {name}", name="<i>") == "&lt;b&gt; &lt;i&gt;"


def test_a_code_of_no_file_is_refused() -> None:
    assert said("fr", "common.close") == "Fermer"
    with pytest.raises(KeyError):
        said("fr", "nothing.here")


def test_no_template_of_the_console_brings_a_script_a_style_or_another_host() -> None:
    for file in (WEB / "layout" / "console").rglob("*.j2"):
        source = re.sub(r"{#.*?#}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        found = re.findall(r"<script(?! src=\"{{ script }}\")|<style|\sstyle=|https?://", source)
        assert found == [], file.name
        assert not re.search(r"\son(click|load|error|change|submit|input|toggle|focus|blur|key\w+|mouse\w+)=", source)
    for file in (WEB / "layout" / "console" / "css").glob("*.css"):
        assert not re.search(r"url\(|@import", file.read_text(encoding="utf-8")), file.name


def test_dark_has_a_colour_for_each_of_light() -> None:
    folder = WEB / "layout" / "console" / "css"
    files = [(folder / name).read_text() for name in ("colours.css", "dark.css")]
    light, dark = (set(re.findall(r"--[\w-]+(?=:)", text)) for text in files)
    assert light == dark
