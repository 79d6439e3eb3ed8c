"""Stands before the pages: nobody guesses or floods, and where a page can't be shown plain words say why."""

from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from scheduler.errors import AftercareError
from scheduler.logs import get_logger
from scheduler.services.page_visitor import Closed
from scheduler.web.limits import Limit
from scheduler.web.pages import Pages, contact, language_wanted, spoken_for, words

log = get_logger(__name__)

LONGEST = 100
"""Characters of a token; ours have 59."""

Work = Callable[[str], Response | Closed]
"""Answers a request for the page of a token; it blocks."""


class Guard:
    """Counts requests by token and by client address, in memory of this process."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        # Many patients may come from one address: that of a proxy that is not told about, or of a mobile network.
        self._clients = Limit(120, 240)
        self._tokens = Limit(20, 40)

    async def lets(self, request: Request, token: str, work: Work) -> Response:
        """Do the work on a thread, unless there were too many requests."""
        client = request.client.host if request.client else ""
        language = language_wanted(request.headers.get("accept-language"))
        if not self._clients.lets(client):
            return self._busy(language)
        if len(token) > LONGEST:  # before it is kept to be counted
            return self._closed(Closed(), language)
        if not self._tokens.lets(token):
            return self._busy(language)
        try:
            done = await run_in_threadpool(work, token)
        except AftercareError as error:  # the database is away, a file of the configuration was broken
            log.warning("page.unavailable", reason=str(error))
            return self._sorry("away", language, 503, {"Retry-After": "120"})
        return self._closed(done, language) if isinstance(done, Closed) else done

    def _closed(self, closed: Closed, language: str) -> Response:
        """Say kindly that a link is closed; whose it was only where it was ours."""
        spoken = spoken_for(closed.language) if closed.language else language
        said = words(spoken)["closed"]
        clinic = contact(closed.clinic) if closed.clinic else None
        texts = [said["text"] if clinic else said["unknown"]]
        given = {"heading": said["heading"], "texts": texts, "clinic": clinic, "back": None}
        return self._pages.page("notice.html.j2", language=spoken, status=410 if clinic else 404, **given)

    def _busy(self, language: str) -> Response:
        return self._sorry("busy", language, 429, {"Retry-After": "60"})

    def _sorry(self, what: str, language: str, status: int, headers: Mapping[str, str]) -> Response:
        said = words(language)["closed"]
        values = {"heading": said[f"{what}_heading"], "texts": [said[what]], "back": None}
        page = self._pages.page("notice.html.j2", language=language, status=status, **values)
        page.headers.update(headers)
        return page
