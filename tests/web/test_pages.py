import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from jinja2 import UndefinedError

from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.web.app import create_app
from scheduler.web.limits import Limit
from scheduler.web.pages import LANGUAGES, STYLESHEET, Pages, contact, language_wanted, spoken_for, words

LAYOUT = Path(__file__).parents[2] / "scheduler" / "web" / "layout"


def keys(section: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(section, dict):
        for key, value in section.items():
            yield from keys(value, f"{name}.{key}")
    else:
        yield name, section


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_says_the_same_things_with_the_same_values(language: str) -> None:
    english, other = dict(keys(words("en"))), dict(keys(words(language)))
    assert list(english) == list(other)
    for name, text in english.items():
        said = other[name]
        assert said, name
        assert type(said) is type(text), name
        assert set(re.findall(r"{\w+}", str(text))) == set(re.findall(r"{\w+}", str(said))), name
        assert not isinstance(text, list) or len(text) == len(said if isinstance(said, list) else []), name


def test_no_text_reassures_or_names_a_painkiller() -> None:
    for language in LANGUAGES:
        said = str(words(language)).lower()
        for word in (
            "normal",
            "don't worry",
            "nothing to worry",
            "ibuprofen",
            "paracetamol",
            "ne vous inquiétez",
            "no se preocupe",
        ):
            assert word not in said, (language, word)


def test_no_template_brings_a_script_a_style_or_another_host() -> None:
    for file in LAYOUT.glob("*.j2"):
        source = file.read_text(encoding="utf-8")
        assert not re.search(r"<script|<style|style=|\son[a-z]+=|https?://", source), file.name
    assert not re.search(r"url\(|@import", (LAYOUT / "style.css").read_text(encoding="utf-8"))


def test_a_value_that_is_missing_is_an_error_and_no_hole() -> None:
    with pytest.raises(UndefinedError):
        Pages("https://care.example.com").page("notice.html.j2", language="en", heading="Hello")


def test_what_is_written_into_a_page_is_text() -> None:
    page = Pages("").page("notice.html.j2", language="en", heading="<b>Hi</b>", texts=['"&'], back=None)
    assert b"&lt;b&gt;Hi&lt;/b&gt;" in page.body
    assert b"&#34;&amp;" in page.body


@pytest.mark.parametrize(
    ("wished", "spoken"), [("fr", "fr"), ("fr-CA", "fr"), ("de", "en"), ("", "en"), (None, "en")]
)
def test_the_nearest_language_is_spoken(wished: str | None, spoken: str) -> None:
    assert spoken_for(wished) == spoken


@pytest.mark.parametrize(
    ("accept", "language"),
    [("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("de, ES;q=0.5", "es"), ("*", "en"), (None, "en"), (";;,", "en")],
)
def test_strangers_are_answered_in_their_browsers_language(accept: str | None, language: str) -> None:
    assert language_wanted(accept) == language


def test_the_stylesheet_is_served_by_us_and_may_be_kept_for_ever() -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(well=lambda: True))
        async with httpx.AsyncClient(transport=transport, base_url="http://aftercare") as client:
            return await client.get(STYLESHEET)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]


def test_addresses_begin_with_the_path_under_which_the_service_is_reached() -> None:
    assert Pages("https://example.com/aftercare").address("/p/x") == "/aftercare/p/x"
    assert Pages("https://care.example.com").address("/p/x") == "/p/x"


def test_a_clinic_is_reached_by_numbers_that_a_phone_can_dial() -> None:
    lumiere = contact(load(shipped("config")).clinic("lumiere"))
    assert (lumiere.phone, lumiere.phone_link) == ("+1 416-555-0100", "tel:+14165550100")
    assert (lumiere.emergency, lumiere.emergency_link) == ("911", "tel:911")


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_limit_lets_a_burst_through_and_then_so_many_a_minute() -> None:
    clock = Seconds()
    limit = Limit(6, 3, seconds=clock)
    assert [limit.lets("one") for _ in range(5)] == [True, True, True, False, False]
    assert limit.lets("other")
    clock.now = 10.0
    assert [limit.lets("one") for _ in range(2)] == [True, False]
    clock.now = 10_000.0
    assert [limit.lets("one") for _ in range(5)] == [True, True, True, False, False]


def test_a_limit_forgets_whom_it_has_not_seen_for_longest() -> None:
    limit = Limit(1, 1, most=2, seconds=Seconds())
    assert [limit.lets(name) for name in ("a", "b", "c")] == [True, True, True]
    assert (limit.lets("c"), limit.lets("a")) == (False, True)
