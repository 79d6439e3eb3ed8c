"""What the YAML parser's complaints mean, in words that tell an operator what to do."""

from typing import TypedDict

from ruamel.yaml.error import MarkedYAMLError, StreamMark

from scheduler.protocols.nodes import Place

_OPEN_QUOTE = "the quotation mark that opens here is not closed in its line"
# How a complaint begins -> where the fault is (where it opened, or where it was noticed), words, hint.
_COMPLAINTS = (
    ("found character '\\t'", "noticed", "a tab stands here", "indent with spaces"),
    (
        "mapping values are not allowed",
        "noticed",
        "a “:” stands where none can",
        "check the indentation, and put a text with “: ” in it into quotes",
    ),
    ("could not find expected ':'", "opened", "this line has no “:”", "write it as key: value"),
    ("expected ',' or ']'", "opened", "the [ that opens here is not closed", "close it with ]"),
    ("expected ',' or '}'", "opened", "the { that opens here is not closed", "close it with }"),
    ("found unexpected end of stream", "opened", _OPEN_QUOTE, "close it"),
    ("found unknown escape", "noticed", "this \\ means nothing between double quotes", "use single quotes"),
    ("expected <block end>", "noticed", "this does not fit the lines above", "check the indentation and the quotes"),
    ("expected alphabetic", "opened", "a value can't begin with & or *", "put it into quotes"),
    ("found character", "noticed", "a value can't begin with this character", "put it into quotes"),
)
_OTHERWISE = ("noticed", "can't be read as YAML here", "put values with special characters into quotes")


class Complaint(TypedDict):
    """Where YAML broke, from 1, and what to say about it."""

    line: int
    column: int
    message: str
    hint: str


def explain(error: MarkedYAMLError, text: str, long_quote: tuple[Place, int] | None) -> Complaint:
    """Return what the parser refused in `text`, in our words.

    `long_quote` is where the last quoted text over several lines begins and in which line it ends: a fault in
    that line means that its quotation mark was forgotten, and the next one, far below, closed it.
    """
    complaint = str(error.problem or "")
    where, message, hint = next((rest for start, *rest in _COMPLAINTS if complaint.startswith(start)), _OTHERWISE)
    mark = error.context_mark if where == "opened" and error.context_mark else error.problem_mark
    line, column = _within(mark, text)
    if long_quote and long_quote[1] == line:
        return Complaint(line=long_quote[0].line, column=long_quote[0].column, message=_OPEN_QUOTE, hint="close it")
    return Complaint(line=line, column=column, message=message, hint=hint)


def _within(mark: StreamMark | None, text: str) -> tuple[int, int]:
    """Return the mark's line and column; the end of the file is its last line."""
    if mark is None:
        return 1, 1
    lines = max(1, len(text.splitlines()))
    return (mark.line + 1, mark.column + 1) if mark.line < lines else (lines, 1)
