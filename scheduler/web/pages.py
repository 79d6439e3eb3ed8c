"""What all pages for people without an account share: templates, words, headers, the stylesheet.

A page is `Pages(public_url).page("unsubscribe.html.j2", language="fr", …)`. Its words are in
`words/<language>.toml`, a section a page, the same keys in every language.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from scheduler.content.formats import dialled, own, phone_of
from scheduler.domain.clinic import Clinic

LANGUAGES = ("en", "fr", "es")
"""What the pages speak; a clinic's texts may speak more."""

SAFE: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        # The address is the secret: no other site may learn it, no cache and no search engine may keep it.
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
)
"""The headers of every answer that a link with a secret leads to, whatever its kind."""

_CSS = files("scheduler.web").joinpath("layout", "style.css").read_bytes()
STYLESHEET = f"/static/page-{hashlib.sha256(_CSS).hexdigest()[:12]}.css"
_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Contact:
    """How a clinic is reached, for people to read and for a phone to dial."""

    name: str
    phone: str
    phone_link: str
    emergency: str
    emergency_link: str


def contact(clinic: Clinic) -> Contact:
    """Return how the clinic is reached; it is what a page's `clinic` is."""
    shown, number = phone_of(clinic.phone)
    emergency = own(clinic.emergency_number)
    return Contact(own(clinic.name), shown, f"tel:{number}", emergency, f"tel:{dialled(emergency)}")


class Pages:
    """Writes pages whose links and stylesheet lead to where the service is reached from outside.

    `public_url` is the setting; a path in it (https://example.com/aftercare) stands before every address.
    """

    def __init__(self, public_url: str) -> None:
        self._root = urlsplit(public_url).path.rstrip("/")

    def address(self, path: str) -> str:
        """Return the address, on this host, of a path of the application ("/p/…")."""
        return f"{self._root}{path}"

    def page(self, template: str, *, language: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page, with the headers that keep its address to itself.

        `template` is a file of `layout/`; it finds its words as `t.<section>.<key>`. `language` is the reader's: the
        nearest one that the pages speak is taken. `values` are escaped wherever they are written; a missing one
        raises. `clinic` among them, a `Contact`, names the clinic: leave it out where nobody may learn which it is.
        """
        spoken = spoken_for(language)
        given = {"clinic": None, "stylesheet": self.address(STYLESHEET), **values}
        html = _environment().get_template(template).render(language=spoken, t=words(spoken), **given)
        return HTMLResponse(html, status, headers=dict(SAFE))


def spoken_for(language: str | None) -> str:
    """Return the language of the pages that is nearest to a wish: fr for fr-CA, else English."""
    base = (language or "").partition("-")[0]
    return base if base in LANGUAGES else LANGUAGES[0]


def language_wanted(accept: str | None) -> str:
    """Return what a browser's Accept-Language asks for, for readers of whom nothing is known."""
    for wish in (accept or "").split(","):
        base = wish.partition(";")[0].strip().partition("-")[0].lower()
        if base in LANGUAGES:
            return base
    return LANGUAGES[0]


@cache
def words(language: str) -> Mapping[str, Any]:
    """Return the words of the pages in one of `LANGUAGES`, by section and key."""
    return tomllib.loads(_words_file(language).decode())


def _words_file(language: str) -> bytes:
    return files("scheduler.web").joinpath("words", f"{language}.toml").read_bytes()


@cache
def words_version(language: str) -> str:
    """Return a digest of the words of a language: what somebody read who agreed to something."""
    return hashlib.sha256(_words_file(language)).hexdigest()


def assets() -> APIRouter:
    """Return the route of the stylesheet. Its name changes with its content, so that it may be kept for ever."""
    router = APIRouter()

    @router.get(STYLESHEET)
    def stylesheet() -> Response:
        """Give the stylesheet."""
        kept = {"Cache-Control": _A_YEAR, "X-Content-Type-Options": "nosniff"}
        return Response(_CSS, media_type="text/css", headers=kept)

    return router


@cache
def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("scheduler.web", "layout"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["fill"] = lambda text, **values: escape(text).format(**values)  # escapes the values too
    return env
