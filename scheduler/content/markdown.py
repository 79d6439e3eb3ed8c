"""An email's Markdown, read once into tokens, and the HTML of them.

Headings, paragraphs, lists, quotes (shown as a framed notice), rules, emphasis and links; no HTML, no images.
"""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from scheduler.content.marks import holds_mark, is_link_mark

_RULES = ["heading", "list", "blockquote", "hr", "emphasis", "link", "newline", "escape", "entity"]
_READER = MarkdownIt("zero").enable(_RULES)


class LinkError(ValueError):
    """A link leads to a value that is no address."""


def read_markdown(text: str) -> list[Token]:
    """Parse. A paragraph that is one link and nothing else gets the class `action`: it is shown as a button.

    Raises LinkError where a value that is not a link value stands in a link's address.
    """
    tokens = _READER.parse(text)
    for number, token in enumerate(tokens):
        children = token.children or []
        for child in children:
            address = str(child.attrs.get("href", ""))
            if holds_mark(address) and not is_link_mark(address):
                raise LinkError(address)
        shown = [child for child in children if child.type != "text" or child.content]
        lone = [child.type for child in shown].count("link_open") == 1
        if lone and shown[0].type == "link_open" and shown[-1].type == "link_close":
            tokens[number - 1].attrSet("class", "action")
    return tokens


def to_html(tokens: Sequence[Token]) -> str:
    """Return the HTML, marks left in place."""
    return str(_READER.renderer.render(tokens, _READER.options, {}))
