"""The calendar of what goes out, under a person's own link: for calendar programs, which have no account."""

import hashlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from scheduler.content.agenda import Entry, agenda_file
from scheduler.content.formats import clean
from scheduler.errors import KeysError, StoreError
from scheduler.logs import get_logger
from scheduler.services.agenda import Agenda, Agendas, Hour
from scheduler.web.console.words import counted, words
from scheduler.web.pages import SAFE, spoken_for

log = get_logger(__name__)

PATH = "/c/{token}.ics"
_HEADERS = {
    **SAFE,
    "Cache-Control": "private, no-cache",  # kept by who asked, and asked for anew: an ETag says that nothing changed
    "Content-Disposition": 'inline; filename="aftercare.ics"',
}


def agenda_feed(agendas: Agendas, public_url: str) -> APIRouter:
    """Return the route of the links that `Links.agenda` makes."""
    router = APIRouter()
    host = urlsplit(public_url).hostname or "aftercare"

    @router.get(PATH)
    async def feed(request: Request, token: str) -> Response:
        """Give the calendar; 304 where the program has it as it is."""
        try:
            agenda = await run_in_threadpool(agendas.look, token)
        except (KeysError, StoreError) as error:
            log.warning("store.unavailable", reason=str(error))
            return PlainTextResponse("This does not work just now: try again later.", 503, headers=dict(SAFE))
        if agenda is None:
            text = "This calendar link does not work any more: make a new one on your account's page."
            return PlainTextResponse(text, 404, headers=dict(SAFE))
        content = _file(agenda, host)
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {**_HEADERS, "ETag": etag}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)

    return router


def _file(agenda: Agenda, host: str) -> bytes:
    language = spoken_for(agenda.language)
    entries = (_entry(hour, language, host) for hour in agenda.hours)
    return agenda_file(words(language)["agenda"]["name"], entries, now=agenda.at)


def _entry(hour: Hour, language: str, host: str) -> Entry:
    said = words(language)["agenda"]
    title = f"{clean(hour.clinic.name)}: {counted(said['messages'], hour.messages, language, str(hour.messages))}"
    uid = f"{hour.at:%Y%m%dT%H%M}-{hour.clinic.id}@{host}"
    return Entry(uid, hour.at, title, "\n".join(_lines(hour, language)))


def _lines(hour: Hour, language: str) -> Iterator[str]:
    """Yield what is in an hour: how many of each step, and where they stand."""
    said, steps = words(language)["agenda"], words(language)["steps"]
    for step, count in sorted(hour.steps.items()):
        yield f"{count} {steps.get(step) or step.replace('_', ' ')}"
    for key, count in (("went_out", hour.went_out), ("to_come", hour.to_come), ("amiss", hour.amiss)):
        if count:
            yield f"{said[key]}: {count}"
