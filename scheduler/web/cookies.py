"""The cookie of a session: for our own pages only, out of reach of scripts, and of other hosts where that can be."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi.responses import Response

_NAME = "aftercare_session"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """What the cookie of an installation is called and where browsers send it."""

    name: str
    path: str
    secure: bool

    def put(self, answer: Response, token: str) -> None:
        """Hand a session's token out. It ends with the browser; the server ends it sooner."""
        answer.set_cookie(self.name, token, path=self.path, secure=self.secure, httponly=True, samesite="lax")

    def drop(self, answer: Response) -> None:
        """Take it back."""
        answer.delete_cookie(self.name, path=self.path, secure=self.secure, httponly=True, samesite="lax")


def session_cookie(public_url: str) -> SessionCookie:
    """Return the cookie of an installation that is found at that address.

    With https it is bound to this host by its name: no other host of the domain can plant one (RFC 6265bis, 4.1.3).
    Where other programs share the host, only this one's part of it gets the cookie.
    """
    parts = urlsplit(public_url)
    path, secure = parts.path.rstrip("/"), parts.scheme == "https"
    if secure and not path:
        return SessionCookie(f"__Host-{_NAME}", "/", secure=True)
    return SessionCookie(f"__Secure-{_NAME}" if secure else _NAME, f"{path}/desk", secure=secure)
