"""The small part of Jinja2 that message templates may use, checked before anything runs.

There are values, `{% if %}` and five filters: nothing that repeats, calls, or reads what it was not given. So a
template always ends, its size is bounded by its file's, and what it needs is known beforehand.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jinja2 import Environment, nodes
from jinja2 import TemplateSyntaxError as JinjaSyntaxError
from jinja2.visitor import NodeTransformer

from scheduler.content.faults import Fault, TemplateFaultError
from scheduler.content.variables import KNOWN, flat

MAX_CHARACTERS = 20_000
MAX_DEPTH = 12
FILTERS = ("capitalize", "default", "lower", "trim", "upper")
COMPARISONS = ("eq", "ne")

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.Name, nodes.Getattr, nodes.Filter, nodes.Const,
)  # fmt: skip

_LOGIC = "use {% if %} with the known values, or write the text out"
_REFUSED: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.For: ("loops are", "write the lines out"),
    nodes.Call: ("calls are", "use the known values as they are"),
    nodes.Getitem: ("square brackets are", "write a value as in patient.first_name"),
    nodes.CondExpr: ("one-line ifs are", "write {% if … %}…{% else %}…{% endif %}"),
    nodes.Test: ("tests with `is` are", "write {% if clinic.booking_url %}"),
    nodes.Macro: ("macros are", "write the text out"),
    nodes.CallBlock: ("macros are", "write the text out"),
    nodes.FilterBlock: ("filter blocks are", "put the filter at the value"),
    nodes.Include: ("includes are", "write the text out"),
    nodes.Import: ("imports are", "write the text out"),
    nodes.FromImport: ("imports are", "write the text out"),
    nodes.Extends: ("layouts are", "the email's layout is added by itself"),
    nodes.Block: ("blocks are", "write the text out"),
    nodes.Assign: ("assignments are", "use the known values as they are"),
    nodes.AssignBlock: ("assignments are", "use the known values as they are"),
    nodes.With: ("assignments are", "use the known values as they are"),
    nodes.Concat: ("joins with ~ are", "write the values one after the other"),
}


def parse_checked(env: Environment, source: str, file: Path) -> nodes.Template:
    """Parse a template and return its tree with every `group.value` as one plain name (see `flat`).

    Raises TemplateFaultError with all that is wrong. Nothing of the template has run then.
    """
    if len(source) > MAX_CHARACTERS:
        raise TemplateFaultError(
            Fault(file, 1, "too-large", "the file is too long", f"keep to {MAX_CHARACTERS} characters")
        )
    try:
        tree = env.parse(source)
    except JinjaSyntaxError as error:
        what = (error.message or "this is no valid template").rstrip(".")
        hint = "close every {{ … }}, and every {% if … %} with {% endif %}"
        raise TemplateFaultError(Fault(file, error.lineno, "bad-template", what, hint)) from None
    except (ValueError, RecursionError):  # a number of thousands of digits; thousands of open brackets
        raise TemplateFaultError(Fault(file, 1, "bad-template", "this can't be read as a template", _LOGIC)) from None
    checker = _Checker(file, source.split("\n"))
    checked: nodes.Template = checker.visit(tree)
    if checker.faults:
        raise TemplateFaultError(*checker.faults)
    return checked


class _Checker(NodeTransformer):
    """Walks a tree once: collects faults, and turns `patient.name` into one name, so that no attribute is read."""

    def __init__(self, file: Path, lines: list[str]) -> None:
        self.file = file
        self.lines = lines
        self.line = 1  # of the innermost node that knows its own: the right side of a comparison does not
        self.faults: list[Fault] = []
        self.depth = 0

    def refuse(self, node: nodes.Node, code: str, what: str, hint: str, *, at: str = "") -> nodes.Node:
        """Note a fault: at the words `at` of its line where they are told, else at its first tag."""
        line = self.lines[self.line - 1]
        column = line.find(at or ("{%" if isinstance(node, nodes.Stmt) else "{"))
        self.faults.append(Fault(self.file, self.line, code, what, hint, max(column, 0) + 1))
        return node

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        self.line = node.lineno or self.line
        if self.depth == MAX_DEPTH:
            return self.refuse(node, "template-grammar", "this is nested too deep", "write it in simpler parts")
        if not isinstance(node, _ALLOWED):
            subject, hint = _REFUSED.get(type(node), ("arithmetic and data structures are", _LOGIC))
            return self.refuse(node, "template-grammar", f"{subject} not part of message templates", hint)
        self.depth += 1
        try:
            return super().visit(node, *args, **kwargs)
        finally:
            self.depth -= 1

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802  (jinja2 finds it by the node's name)
        if node.name in KNOWN:
            return node
        members = [name for name in KNOWN if name.startswith(f"{node.name}.")]
        if members:
            return self.refuse(
                node,
                "unknown-variable",
                f"{node.name} is a group of values",
                f"write {' or '.join(members)}",
                at=node.name,
            )
        return self._unknown(node, node.name)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802  (jinja2 finds it by the node's name)
        path = _dotted(node)
        if path is None:
            return self.refuse(node, "template-grammar", "this dot is not part of message templates", _LOGIC)
        if path not in KNOWN:
            return self._unknown(node, path)
        return nodes.Name(flat(path), "load", lineno=node.lineno)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802  (jinja2 finds it by the node's name)
        if node.name not in FILTERS:
            near = get_close_matches(node.name, FILTERS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FILTERS)}"
            return self.refuse(node, "template-grammar", f"there is no filter {node.name}", hint, at=node.name)
        plain = not (node.kwargs or node.dyn_args or node.dyn_kwargs)
        wanted = 1 if node.name == "default" else 0
        if not plain or len(node.args) != wanted or not all(isinstance(arg, nodes.Const) for arg in node.args):
            how = 'default("a text")' if wanted else node.name
            return self.refuse(
                node, "template-grammar", f"the filter {node.name} is used in another way", f"write | {how}"
            )
        self.generic_visit(node)
        return node

    def visit_Operand(self, node: nodes.Operand) -> nodes.Node:  # noqa: N802  (jinja2 finds it by the node's name)
        if node.op not in COMPARISONS:
            return self.refuse(
                node, "template-grammar", "this comparison is not part of message templates", "use == or !="
            )
        self.generic_visit(node)
        return node

    def _unknown(self, node: nodes.Node, path: str) -> nodes.Node:
        near = get_close_matches(path, KNOWN, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(KNOWN)}"
        return self.refuse(node, "unknown-variable", f"there is no {path}", hint, at=path)


def _dotted(node: nodes.Node) -> str | None:
    """Return `group.value` where that is all that stands here."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return None
