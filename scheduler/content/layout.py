"""The frame of every email: one column, readable on a phone, light and dark, nothing loaded from anywhere.

A frame is made once per template, language and set of `{% if %}` branches, and kept; a message then only
fills its values in. So the Markdown and the CSS cost nothing per message, and no patient's value is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import css_inline
from babel import Locale, UnknownLocaleError
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it.token import Token
from markupsafe import Markup

from scheduler.content.markdown import read_markdown, to_html
from scheduler.content.marks import Marked, find_marks
from scheduler.content.plaintext import to_text

# Dark mode and phone widths live in at-rules, which css-inline drops unless told; it would also fetch stylesheets.
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
# Several batches are rendered at once, each on a thread. mdurl fills its table of characters where all threads see it
# half made: a link would be wrong, or the reader would fail.
ALONE = Lock()
_LAYOUT = Environment(
    loader=PackageLoader("scheduler.content", ""), undefined=StrictUndefined, autoescape=True, trim_blocks=True
).get_template("layout.html.j2")


@dataclass(frozen=True, slots=True)
class Frame:
    """A finished email but for its values."""

    html: Marked
    text: Marked


@lru_cache(maxsize=1024)
def frame(language: str, heads: tuple[str, str, str], body: str, footer: str) -> Frame:
    """Lay out an email whose values are marks: `heads` are subject, preheader and clinic's name.

    `body` and `footer` are Markdown.

    Raises LinkError where a link leads to a value that is no address.
    """
    with ALONE:
        return _laid_out(language, heads, body, footer)


def _laid_out(language: str, heads: tuple[str, str, str], body: str, footer: str) -> Frame:
    subject, preheader, clinic_name = heads
    body_tokens, footer_tokens = read_markdown(body), _footer(footer)
    direction = _direction(language)
    page = _LAYOUT.render(
        language=language,
        direction=direction,
        start="right" if direction == "rtl" else "left",
        subject=subject,
        preheader=preheader,
        clinic_name=clinic_name,
        body=Markup(to_html(body_tokens)),  # noqa: S704  (made by the Markdown reader, which lets no HTML through)
        footer=Markup(to_html(footer_tokens)),  # noqa: S704  (likewise)
    )
    return Frame(find_marks(_INLINER.inline(page)), find_marks(_plain(body_tokens, footer_tokens)))


@lru_cache(maxsize=64)
def _footer(text: str) -> list[Token]:
    """Read a footer once for all emails of a language; nobody changes its tokens."""
    return read_markdown(text)


def _plain(body: Sequence[Token], footer: Sequence[Token]) -> str:
    # "-- " alone on a line marks a signature (RFC 3676): mail programs dim it and leave it out of replies.
    return f"{to_text(body)}\n\n-- \n{to_text(footer)}\n"


def _direction(language: str) -> str:
    try:
        return str(Locale.parse(language.replace("-", "_")).text_direction)
    except (UnknownLocaleError, ValueError):
        return "ltr"
