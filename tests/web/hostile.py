"""What somebody hostile types, and what may never come of it in a page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

MARK = "xpwn"
SCRIPT = "<script>xpwn()</script>"
IMAGE = '"><img src=x onerror=xpwn() xpwn>'
QUOTE = "' xpwn='1' autofocus onfocus='xpwn()"
LINK = "javascript:xpwn()"
TEMPLATE = "{{7777*7}}{% raw %}${7777*7}"
COMPUTED = "54439"
CLOSING = "</title></textarea></style><xpwn>"
ALL = (SCRIPT, IMAGE, QUOTE, LINK, TEMPLATE, CLOSING)
TEXT = f"{SCRIPT}{IMAGE}{QUOTE}{TEMPLATE}{CLOSING}"
"""All in one, below 200 characters."""
SHORT = "<xpwn onload=xpwn()>\"'><script>xpwn()</script>{{7777*7}}"
"""For fields of a hundred."""
DISGUISE = "\u202egnp.exe\u2066\u200b\u200f\u061c\ufeff"
"""Turns round what follows, and hides."""
INVISIBLE = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_VOID = frozenset({"input", "br", "img", "meta", "link", "hr", "col", "source", "wbr"})
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "srcdoc", "data", "poster", "xlink:href"})
_SCHEMES = frozenset({"", "http", "https", "tel", "mailto"})


@dataclass
class Form:
    """A form that is sent by POST, with what stands in its fields; `free` are those that somebody types into."""

    action: str
    kind: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    free: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class Seen(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, text: str, at: str) -> None:
        super().__init__()
        self.at = at
        self.faults: list[str] = []
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.queries: set[str] = set()
        self.text = ""
        self._form: Form | None = None
        self._gets = False
        self._select = ""
        self.feed(text)
        self.close()
        self.faults += [f"{at}: computed a template" for it in (COMPUTED,) if it in self.text]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.faults += [f"{self.at}: {it}" for it in _wrong(tag, named)]
        if tag == "a" and named.get("href", "").startswith("/"):
            self.links.append(named["href"])
        if tag == "form":
            self._form, self._gets = None, named.get("method", "get").lower() != "post"
            if not self._gets:
                self._form = Form(named.get("action") or self.at, named.get("enctype", ""))
                self.forms.append(self._form)
        elif tag in ("input", "textarea", "select", "option", "button"):
            self._field(tag, named)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form, self._gets = None, False

    def handle_data(self, data: str) -> None:
        self.text += data

    def _field(self, tag: str, named: dict[str, str]) -> None:
        name = named.get("name", "")
        if self._gets and name:
            self.queries.add(name)
        if tag == "select":
            self._select = name
        if self._form is None:
            return
        kind = named.get("type", "text" if tag == "input" else tag)
        if tag == "option" and ("selected" in named or self._select not in dict(self._form.fields)):
            self._form.fields = [it for it in self._form.fields if it[0] != self._select]
            self._form.fields.append((self._select, named.get("value", "")))
        elif kind == "file":
            self._form.files.append(name)
        elif kind == "hidden" or (kind in ("checkbox", "radio") and "checked" in named):
            self._form.fields.append((name, named.get("value", "on")))
        elif kind == "button" and name:
            self._form.fields.append((name, named.get("value", "")))
        elif tag in ("input", "textarea") and name and kind not in ("checkbox", "radio", "submit"):
            self._form.free.append((name, named.get("value", "")))


def _wrong(tag: str, named: dict[str, str]) -> Iterator[str]:
    """Say what is in an element that none of our templates wrote."""
    if MARK in tag or any(MARK in it or it.startswith("on") for it in named):
        yield f"the element {tag} {list(named)}"
    if tag in ("script", "iframe", "img", "object", "embed", "base", "style"):
        source = named.get("src", "")
        if tag in ("object", "embed", "base", "style") or not source.startswith(("/", "data:image/")):
            yield f"the element {tag} {named}"
    if tag == "meta" and "http-equiv" in named and named.get("content") != "2":  # a page without script looks again
        yield "a meta element that is a header"
    for name, value in named.items():
        if name in _ADDRESSES and not _leads_somewhere_good(value):
            yield f"{name}={value!r}"
        if name == "style":
            yield "an inline style"


def _leads_somewhere_good(address: str) -> bool:
    if address.startswith(("//", "\\", "/\\")):
        return False
    return urlsplit(address.strip()).scheme.lower() in _SCHEMES or address == "data:,"
