"""The shell of the console: every page is written here, in its frame, with the headers that keep it to itself."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scheduler.content.formats import undisguised
from scheduler.domain.access import Caller, Permission
from scheduler.errors import AftercareError
from scheduler.services.desk import Desk
from scheduler.web.access import QUIET, Gate, recorded
from scheduler.web.console.assets import assets
from scheduler.web.console.cookies import Cookies, Said
from scheduler.web.console.formats import Formats
from scheduler.web.console.icons import ICONS
from scheduler.web.console.navigation import TONES, navigation
from scheduler.web.console.reasons import Sayer
from scheduler.web.console.refusals import told
from scheduler.web.console.words import counted, fill, said, words
from scheduler.web.pages import SAFE, language_wanted, spoken_for

_SEE_OTHER = 303
_PATH = re.compile(r"/[A-Za-z0-9/_-]{0,100}")
_QUERY = re.compile(r"[A-Za-z0-9_~.=&%-]{1,190}")


class Shell:
    """Writes pages for one caller; made once for an edition of the files. Its methods may block briefly."""

    def __init__(self, desk: Desk, gate: Gate) -> None:
        self.desk = desk
        self.cookies = Cookies(desk.settings.public_url)
        self.counts: dict[str, Callable[[Caller], int]] = {}
        """What stands beside an entry of the navigation ("inbox"): who answers it says how many are open."""
        self._route = recorded(gate)
        self._root = urlsplit(desk.settings.public_url).path.rstrip("/") + "/desk"

    def router(self) -> APIRouter:
        """Return a router whose routes go on record; each of them declares what it needs."""
        return APIRouter(route_class=self._route)

    def address(self, path: str, **query: object) -> str:
        """Return the address, on this host, of a page of the console ("/patients/12"); None leaves a field out.

        Nothing of a patient may stand in it.
        """
        wanted = {key: str(value) for key, value in query.items() if value is not None}
        return f"{self._root}{path}{'?' if wanted else ''}{urlencode(wanted)}"

    def go(
        self,
        request: Request,  # noqa: ARG002  (every page has it at hand, and what is said may come to depend on it)
        path: str,
        *,
        said: str | None = None,
        count: int | None = None,
        link: str | None = None,
    ) -> RedirectResponse:
        """Lead on after something was done, to a path of the console, where a code of the words files is said.

        A `count` goes into a sentence that has `one` and `other`; `link` is a path that the sentence `<said>_link`
        leads to, an undo say.
        """
        response = RedirectResponse(self.address(path), _SEE_OTHER, headers=dict(SAFE))
        if said:
            self.cookies.say(response, Said(said, count, link))
        return response

    def page(
        self,
        request: Request,
        caller: Caller | None,
        template: str,
        *,
        status: int = 200,
        frames: bool = False,
        **values: object,
    ) -> HTMLResponse:
        """Return a page. `template` is a file of `layout/console`, which extends `console/frame.html.j2`.

        `clinic` among the values is the id that a list was narrowed to, None for all: with it the page gets the
        switch between clinics. `problems` are shown on top ((field's id, sentence) each). `frames` allows frames of
        our own. A value that is missing raises. None as `caller`: nobody is signed in, and there is no navigation.
        """
        language = self.language(request, caller)
        heard = self.cookies.heard(request) if caller and QUIET not in request.headers else None
        given = {**self._frame(request, caller, language, values), **values, "said": self._say(heard, language)}
        given["problems_title"] = _title_of(given["problems"], status)
        html = _environment().get_template(f"console/{template}").render(given)
        response = HTMLResponse(html, status, headers=dict(headers(frames=frames)))
        if heard:
            self.cookies.hush(response)
        return response

    def session(self, request: Request) -> str:
        """Return the secret of the session that a request came with, "" for none."""
        return request.cookies.get(self.cookies.session.name, "")

    def to_login(self, request: Request) -> RedirectResponse:
        """Lead to the login, and from there back to a page that was asked for."""
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        query = request.url.query
        asked = f"{path}?{query}" if query and _QUERY.fullmatch(query) else path
        wanted = asked if _PATH.fullmatch(path) and path != "/" else None
        return RedirectResponse(self.address("/login", to=wanted), _SEE_OTHER, headers=dict(SAFE))

    def language(self, request: Request, caller: Caller | None) -> str:
        """Return the language of a reader: the account's, else the browser's."""
        if caller and caller.language:
            return spoken_for(caller.language)
        return language_wanted(request.headers.get("accept-language"))

    def formats(self, language: str) -> Formats:
        """Return how values are written in a language, now."""
        known = self.desk.configuration
        return Formats(language, self.desk.clock.now(), known.clinics, known.protocols)

    def sayer(self, request: Request, caller: Caller | None, clinic: str | None = None) -> Sayer:
        """Return what says reasons to a reader, instants as a clinic's clock shows them."""
        language = self.language(request, caller)
        return Sayer(language, self.formats(language), clinic)

    def told(
        self, request: Request, caller: Caller | None, error: AftercareError, clinic: str | None = None
    ) -> Markup:
        """Return why something is refused, in the reader's language where it has the words."""
        return told(error, self.sayer(request, caller, clinic))

    def _frame(
        self, request: Request, caller: Caller | None, language: str, values: Mapping[str, object]
    ) -> dict[str, object]:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", "")) or "/"
        clinic = values.get("clinic")
        formats = self.formats(language)
        mine = [it for it in self.desk.configuration.clinics if caller and caller.may(Permission.READ, it)]
        return {
            "t": words(language),
            "language": language,
            "fmt": formats,
            "me": caller,
            "icons": ICONS,
            "clinics": [(it, formats.clinic(it)) for it in mine],
            "switchable": "clinic" in values and len(mine) > 1,
            "clinic": clinic,
            "nav": navigation(caller, path, self.counts, rehearsal=not self.desk.is_live) if caller else (),
            "path": path,
            "is_live": self.desk.is_live,
            "to": self.address,
            "style": self.address(assets().style.path),
            "script": self.address(assets().script.path),
            "problems": (),
            "home": self.address("/" if caller is None or caller.anywhere(Permission.READ) else "/account"),
            "tone_of": TONES,
            "look": self.cookies.look(request),
        }

    def _say(self, heard: Said | None, language: str) -> Mapping[str, object] | None:
        """Return the sentence of what was done, None for a code that is none of ours."""
        if heard is None:
            return None
        try:
            text = said(language, heard.code)
            label = said(language, f"{heard.code}_link") if heard.link else None
        except (KeyError, TypeError):
            return None
        if isinstance(text, Mapping):
            number = heard.count or 0
            text = counted(text, number, language, self.formats(language).number(number))
        if not isinstance(text, str):
            return None
        link = self.address(heard.link) if heard.link else None
        return {"text": text, "link": link, "label": label}


def _title_of(problems: Any, status: int) -> str:
    """Return what stands above problems: what nobody can mend in a form is not to be mended."""
    if status == HTTPStatus.CONFLICT:
        return "not_done"
    return "problems" if any(name for name, _ in problems) or status != HTTPStatus.OK else "not_now"


def headers(*, frames: bool) -> Mapping[str, str]:
    """Return the headers of every page: no other host, no script or style but our files, kept by nobody."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors 'none'{'; frame-src ' if frames else ''}"
        f"{chr(39) + 'self' + chr(39) if frames else ''}"
    )
    # Without a referrer browsers hide the origin of forms too, and over plain http nothing else says whose they are.
    return {**SAFE, "Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "Vary": "Cookie"}


class _PlainNames(Environment):
    """An environment where `t.common.items` is what the words file says, and not a method of a dictionary."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look into a mapping first."""
        if (type(obj) is dict or isinstance(obj, Mapping)) and attribute in obj:  # the first costs a tenth
            return obj[attribute]
        return super().getattr(obj, attribute)


def _shown(value: object) -> object:
    """Return what a page shows of a value: whoever wrote a text does not decide how what stands after it is read."""
    return undisguised(value) if isinstance(value, str) else value


@cache
def _environment() -> Environment:
    env = _PlainNames(
        loader=PackageLoader("scheduler.web", "layout"),
        undefined=StrictUndefined,
        finalize=_shown,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["fill"] = fill
    env.globals["counted"] = counted
    return env
