"""The words of the console: a file a noun in `words/console/<language>/`, found in templates as `t.<noun>.<key>`.

common.toml has sections, which are found by their own names: `t.common.save`, `t.status.held`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from markupsafe import Markup, escape


class Words(Mapping[str, Any]):
    """The words of one language; a noun's file is read when it is first asked for."""

    def __init__(self, language: str) -> None:
        self._folder = files("scheduler.web").joinpath("words", "console", language)
        self._read: dict[str, Any] = self._of("common")

    def __getitem__(self, noun: str) -> Any:
        """Return what a noun's pages say. Raises KeyError for a noun without a file."""
        if noun not in self._read:
            self._read[noun] = self._of(noun)
        return self._read[noun]

    def __iter__(self) -> Iterator[str]:
        """Yield all sections of common.toml and all nouns."""
        names = (it.name.removesuffix(".toml") for it in self._folder.iterdir() if it.name.endswith(".toml"))
        return iter(sorted({*self._read, *names}))

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)

    def _of(self, noun: str) -> dict[str, Any]:
        try:
            text = self._folder.joinpath(f"{noun}.toml").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise KeyError(noun) from None
        return tomllib.loads(text)


@cache
def words(language: str) -> Words:
    """Return all words of the console in one of `pages.LANGUAGES`, by noun and key."""
    return Words(language)


def said(language: str, code: str) -> Any:
    """Return what a code of the words files stands for ("appointments.registered"). Raises KeyError for no such."""
    found: Any = words(language)
    for part in code.split("."):
        found = found[part]
    return found


def fill(text: object, **values: object) -> Markup:
    """Put values into a sentence of the words files; both are escaped."""
    return escape(text).format(**values)


def counted(forms: Mapping[str, str], number: int, language: str, shown: str) -> str:
    """Return the form of a sentence that a number asks for; `{count}` in it is the number as it is shown.

    `forms` has `one` and `other`, as the words files do: {one = "{count} message", other = "{count} messages"}.
    """
    form = Locale.parse(language).plural_form(number)
    return forms.get(form, forms["other"]).format(count=shown)
