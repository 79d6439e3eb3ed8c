"""The body of a step's email as a part of a page: the same words from the same file, without the email's frame."""

from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it.token import Token

from scheduler.content.formats import clean
from scheduler.content.layout import ALONE
from scheduler.content.markdown import LinkError, read_markdown, to_html
from scheduler.content.marks import Marked, find_marks
from scheduler.content.templates import Texts
from scheduler.content.variables import Variables
from scheduler.domain.protocol import Channel
from scheduler.errors import TemplateError

_DEEPER = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6"}
"""A page has its own title and sections above; what is below h4 stays h6."""


@dataclass(frozen=True, slots=True)
class Article:
    """An email's body for a page: its subject as title, and HTML whose values are escaped."""

    title: str
    html: str = field(repr=False)


def render_article(texts: Texts, template: str, language: str, variables: Variables) -> Article:
    """Render a step's email for a page, from its first `##` heading on: what stands above greets, or asks.

    An email without such a heading is shown whole but for its title. Raises TemplateError with the file.
    """
    text = texts.email(template, language)
    given = variables.given_to(Channel.EMAIL)
    title = clean(text.subject.render(given))
    values: list[str] = []
    body = text.body.render(given, values)
    try:
        laid_out = _laid_out(body)
    except LinkError:
        raise TemplateError(f"{text.file}: a link leads to a value that is no address") from None
    return Article(title, laid_out.fill_html(values))


@lru_cache(maxsize=1024)
def _laid_out(body: str) -> Marked:
    with ALONE:
        tokens = _from_first_section(read_markdown(body))
        for token in tokens:
            token.tag = _DEEPER.get(token.tag, token.tag)
        return find_marks(to_html(tokens))


def _from_first_section(tokens: list[Token]) -> list[Token]:
    for number, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            return tokens[number:]
    return tokens[3:] if tokens and tokens[0].tag == "h1" else tokens
