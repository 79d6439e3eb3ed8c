"""The words of the console: a file a noun in `words/console/<language>/`, found in templates as `t.<noun>.<key>`.

common.toml has sections, which are found by their own names: `t.common.save`, `t.status.held`.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from markupsafe import Markup, escape

_FOLDER = ("words", "console")


@cache
def words(language: str) -> Mapping[str, Any]:
    """Return all words of the console in one of `pages.LANGUAGES`, by noun and key."""
    folder = files("scheduler.web").joinpath(*_FOLDER, language)
    found = sorted((it for it in folder.iterdir() if it.name.endswith(".toml")), key=lambda it: it.name)
    nouns = {it.name.removesuffix(".toml"): tomllib.loads(it.read_text(encoding="utf-8")) for it in found}
    return {**nouns.pop("common"), **nouns}


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
