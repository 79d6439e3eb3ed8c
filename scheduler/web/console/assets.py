"""The stylesheet and the script of the console: one file each for browsers, of small ones in `layout/console`.

A noun adds rules of its own in `layout/console/css/<noun>.css`, behaviour in `layout/console/js/<noun>.js`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from scheduler.web.access import open_to_all

_FIRST = ("colours.css", "base.css", "frame.css", "parts.css", "forms.css")
_LAST = ("narrow.css", "print.css")
_DARK = "dark.css"
_KEPT = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Asset(NamedTuple):
    """A file for browsers; its name changes with its content, so that it may be kept for ever."""

    path: str
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """What every page of the console loads."""

    style: Asset
    script: Asset


@cache
def assets() -> Assets:
    """Return both, read once."""
    style, script = "\n".join(_styles()), "\n".join(_texts("js", ()))
    return Assets(_asset("console", "css", style, "text/css"), _asset("console", "js", script, "text/javascript"))


def asset_routes() -> APIRouter:
    """Return the routes of both files."""
    router = APIRouter()
    for asset in (assets().style, assets().script):
        router.add_api_route(
            asset.path,
            _giving(asset),
            methods=["GET"],
            dependencies=[Depends(open_to_all("there is nothing of anybody in it"))],
        )
    return router


def _giving(asset: Asset) -> Callable[[], Response]:
    def give() -> Response:
        return Response(asset.body, media_type=asset.media_type, headers=_KEPT)

    return give


def _asset(name: str, kind: str, text: str, media_type: str) -> Asset:
    body = text.encode()
    return Asset(f"/static/{name}-{hashlib.sha256(body).hexdigest()[:12]}.{kind}", body, media_type)


def _styles() -> Iterator[str]:
    """Yield the rules in their order: what is general, the nouns, what holds for narrow pages and for paper."""
    own = list(_texts("css", (*_FIRST, *_LAST, _DARK)))
    yield _text("css", _FIRST[0])
    dark = _text("css", _DARK)
    yield "@media (prefers-color-scheme: dark) {\n" + dark.replace(":root", ':root:not([data-look="light"])') + "}"
    yield dark.replace(":root", ':root[data-look="dark"]')
    yield from (_text("css", name) for name in _FIRST[1:])
    yield from own
    yield from (_text("css", name) for name in _LAST)


def _texts(kind: str, but: tuple[str, ...]) -> Iterator[str]:
    folder = files("scheduler.web").joinpath("layout", "console", kind)
    names = sorted(it.name for it in folder.iterdir() if it.name.endswith(f".{kind}") and it.name not in but)
    return (_text(kind, name) for name in names)


def _text(kind: str, name: str) -> str:
    return files("scheduler.web").joinpath("layout", "console", kind, name).read_text(encoding="utf-8")
