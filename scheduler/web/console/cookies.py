"""The cookies of the console: who is signed in, and what the next page says was done."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response

from scheduler.web.cookies import session_cookie

_SAID = "aftercare_said"
_LOOK = "aftercare_look"
LOOKS = ("light", "dark")
_A_YEAR = 365 * 86_400
_CODE = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
_PATH = re.compile(r"/[a-z0-9/_-]{0,100}")
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Said:
    """A code of the words files, the number in its sentence if any, and where its link leads, if anywhere."""

    code: str
    count: int | None = None
    link: str | None = None


class Cookies:
    """Sets and reads them; `public_url` is the setting: they are kept to its path, and to https where it is that."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self.session = session_cookie(public_url)
        self._secure = parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/desk"

    def set_session(self, response: Response, token: str) -> None:
        """Let the browser keep a session until it is closed; the server ends it earlier."""
        self.session.put(response, token)

    def end_session(self, response: Response) -> None:
        """Let the browser forget it."""
        self.session.drop(response)

    def say(self, response: Response, said: Said) -> None:
        """Let the next page say it. There is nothing of a patient in it."""
        parts = (said.code, "" if said.count is None else str(said.count), said.link or "")
        self._set(response, _SAID, "~".join(parts), _MINUTE)

    def heard(self, request: Request) -> Said | None:
        """Return what the page before asked to say; None for nothing, or for what we can't have set."""
        code, _, rest = request.cookies.get(_SAID, "").partition("~")
        count, _, link = rest.partition("~")
        if not _CODE.fullmatch(code) or not re.fullmatch(r"[0-9]{0,9}", count):
            return None
        return Said(code, int(count) if count else None, link if _PATH.fullmatch(link) else None)

    def look(self, request: Request) -> str | None:
        """Return which of `LOOKS` was chosen in this browser, None for the device's own."""
        chosen = request.cookies.get(_LOOK)
        return chosen if chosen in LOOKS else None

    def set_look(self, response: Response, look: str | None) -> None:
        """Keep the choice; None forgets it."""
        if look:
            self._set(response, _LOOK, look, _A_YEAR)
        else:
            response.delete_cookie(_LOOK, path=self._path)

    def hush(self, response: Response) -> None:
        """Let nothing be said twice."""
        response.delete_cookie(_SAID, path=self._path)

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=self._path, secure=self._secure, httponly=True, samesite="lax"
        )
