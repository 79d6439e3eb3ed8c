"""Fetches a calendar from a secret address: one GET with a deadline, bounded, led on only to where that is safe.

Nothing of the address, or of what came, is in what it raises or logs: whoever has the address reads the calendar.
"""

import asyncio
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import aiohttp

from scheduler.channels.loopback import is_loopback
from scheduler.channels.lost import why_lost
from scheduler.errors import AftercareError

DEADLINE = 30.0
"""Seconds for all of it, the ways on included."""
MOST_BYTES = 16 * 1024 * 1024
MOST_REDIRECTS = 3
_LONGEST = 2000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED, _WELL = 304, 200


class FetchError(AftercareError):
    """The calendar can't be fetched. `code` is a word of ours for it, or the HTTP status."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the calendar can't be fetched ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: `content` None where nothing changed since. `etag` and `modified` are for the next time."""

    content: bytes | None = field(repr=False)
    etag: str | None = None
    modified: str | None = None


async def fetch(url: str, *, etag: str | None = None, modified: str | None = None) -> Fetched:
    """Fetch a calendar; `etag` and `modified` are what the same address gave before. Raises FetchError."""
    address = _safe(url, None)
    headers = {"Accept": "text/calendar, */*;q=0.1", "User-Agent": "Aftercare"}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": modified} if modified else {}
    try:
        async with (
            asyncio.timeout(DEADLINE),
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session,
        ):
            for _ in range(MOST_REDIRECTS + 1):
                async with session.get(address, headers=headers, allow_redirects=False) as answer:
                    if answer.status not in _REDIRECTS:
                        return await _read(answer)
                    address = _safe(urljoin(address, answer.headers.get("Location", "")), address)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError(why_lost(error)) from None
    raise FetchError("redirects")


async def _read(answer: aiohttp.ClientResponse) -> Fetched:
    """Read an answer. A body that ends before its length, or breaks off, is an error of aiohttp's."""
    if answer.status == _NOT_MODIFIED:
        return Fetched(None)
    if answer.status != _WELL:
        raise FetchError(str(answer.status))
    content = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        content += chunk
        if len(content) > MOST_BYTES:
            raise FetchError("too-large")
    return Fetched(
        bytes(content), _short(answer.headers.get("ETag"), 255), _short(answer.headers.get("Last-Modified"), 64)
    )


def _safe(url: str, came_from: str | None) -> str:
    """Return an address that may be asked. Raises FetchError.

    It is https, or http on this machine. One that another address led to may not lead from the network into what
    only this machine, or its own network, can reach.
    """
    if url.lower().startswith("webcal://"):
        url = f"https://{url[len('webcal://') :]}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise FetchError("address") from None
    host = parts.hostname or ""
    if not host or len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise FetchError("address")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise FetchError("not-https")
    if _is_link_local(host) or (
        came_from and _is_inside(host) and not _is_inside(urlsplit(came_from).hostname or "")
    ):
        raise FetchError("private-address")
    return url


def _is_link_local(host: str) -> bool:
    """Whether it is an address of a machine's own link, where clouds keep their secrets."""
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False


def _is_inside(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return is_loopback(host)


def _short(text: str | None, most: int) -> str | None:
    """Return a header that is to be sent back; one that is too long to be kept is as good as none."""
    return text if text and len(text) <= most and text.isprintable() else None
