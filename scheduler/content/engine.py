"""Jinja2 as message templates get it: sandboxed, nothing undefined, no globals, five filters of our own.

Two ways of writing a value out. In an SMS, a subject or a preheader it is text. In an email's Markdown it is a
*mark*, and the text is put in after the Markdown has become HTML: so a value never meets the Markdown parser.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from scheduler.content.faults import Fault, TemplateFaultError
from scheduler.content.formats import Lines, Link
from scheduler.content.grammar import parse_checked
from scheduler.content.marks import holds_mark, mark
from scheduler.content.variables import Absent
from scheduler.errors import TemplateError

VALUES = "values of this text"  # no template can name it: it has spaces

Value = str | Lines | Absent


def _default(value: object, text: str) -> object:
    return value or text


def _text_filter(change: Callable[[str], str]) -> Callable[[object], object]:
    return lambda value: value if isinstance(value, Absent | Lines) else change(str(value))


def _written(value: object) -> str:
    if isinstance(value, Absent):
        hint = f"write {{% if {value.name} %}}…{{% endif %}} around it"
        raise TemplateError(f"{value.name} has no value here: {hint}")
    if isinstance(value, Lines):
        raise TemplateError("advice is a list of lines, and only the body of an email can have it: leave it out here")
    return value if isinstance(value, str) else str(value)


@pass_context
def _marked(context: Context, value: object) -> str:
    values: list[str] = context[VALUES]
    if isinstance(value, Lines):  # a list of its own, whatever stands around it
        values += value
        first = len(values) - len(value)
        items = [f"- {mark(first + place, line)}" for place, line in enumerate(value)]
        return "\n".join(["", "", *items, "", ""])
    text = _written(value)
    if isinstance(text, Link) and text in values:
        return mark(values.index(text), text)
    values.append(text)
    return mark(len(values) - 1, text)


def _environment(finalize: Callable[..., str]) -> SandboxedEnvironment:
    env = SandboxedEnvironment(undefined=StrictUndefined, finalize=finalize, trim_blocks=True, lstrip_blocks=True)
    env.globals.clear()
    env.filters.clear()
    env.filters |= {
        "capitalize": _text_filter(lambda text: text[:1].upper() + text[1:]),
        "default": _default,
        "lower": _text_filter(str.lower),
        "trim": _text_filter(str.strip),
        "upper": _text_filter(str.upper),
    }
    return env


_PLAIN = _environment(_written)
_MARKED = _environment(_marked)


class CompiledText:
    """A checked and compiled template, or a part of one that begins at `line` of its file."""

    def __init__(self, source: str, file: Path, *, line: int = 1, markdown: bool = False) -> None:
        if markdown and holds_mark(source):
            raise TemplateFaultError(
                Fault(file, line, "bad-template", "this holds a mark of our own", "leave out qzv…vzq")
            )
        self.file = file
        self._template = _template(source, file, line, markdown)

    def render(self, given: Mapping[str, Value], values: list[str] | None = None) -> str:
        """Write the text out. In Markdown, what is written out is appended to `values` and marked in the text."""
        try:
            return self._template.render({**given, VALUES: values})
        except TemplateError as error:
            raise TemplateError(f"{self.file}: {error}") from None


@lru_cache(maxsize=2048)
def _template(source: str, file: Path, line: int, markdown: bool) -> Template:
    """Compile a template: once, however often the files are read and checked again as others of them are edited."""
    env = _MARKED if markdown else _PLAIN
    # Blank lines above keep the line numbers of messages those of the file.
    tree = parse_checked(env, "\n" * (line - 1) + source, file)
    code = env.compile(tree, name=str(file), filename=str(file))
    return Template.from_code(env, code, {})
