"""The page behind the link of a ring: what an alert is about, and a button to take it. The link is the key."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from scheduler.content.formats import clean, locale_of, moment, phone_of
from scheduler.domain.alert import AT_ONCE, CLOSED_BY_HAND, OF_PATIENTS
from scheduler.domain.reasons import sentence
from scheduler.domain.triage import Triage
from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.services.alert_page import AlertPages, AlertView, Answering
from scheduler.services.alerts import REMEDIES
from scheduler.services.links import LinkFault
from scheduler.store.patients import Patient
from scheduler.store.replies import Reply
from scheduler.web.forms import first, read_form
from scheduler.web.pages import SAFE, Pages, contact, language_wanted, spoken_for, words

log = get_logger(__name__)

PATH = "/a/{token}"
_STATUS = {LinkFault.FORGED: 404, LinkFault.EXPIRED: 410}
_SEE_OTHER = 303

Look = Callable[[str], AlertView | LinkFault]


def alert_pages(alerts: AlertPages, pages: Pages) -> APIRouter:
    """Return the routes of the links that `Links.alert` makes.

    Opening one changes nothing: mail programs open links to look at them. Only a button takes an alert or closes it.
    """
    router = APIRouter()

    async def answer(request: Request, token: str, look: Look, *, then: str | None = None) -> Response:
        language = language_wanted(request.headers.get("accept-language"))
        try:
            found = await run_in_threadpool(look, token)
        except StoreError as error:
            log.warning("page.unavailable", reason=str(error))
            return _sorry(pages, "away", language, 503)
        if isinstance(found, LinkFault):
            return _sorry(pages, found.value, language, _STATUS[found])
        if then:  # so that loading the page again presses no button again
            return RedirectResponse(then, _SEE_OTHER, headers=dict(SAFE))
        return await run_in_threadpool(_page, pages, found, token)

    @router.get(PATH)
    async def show(request: Request, token: str) -> Response:
        """Show what it is about and who sees to it."""
        return await answer(request, token, alerts.look)

    @router.post(PATH + "/take")
    async def take(request: Request, token: str) -> Response:
        """Take it."""
        return await answer(request, token, alerts.take, then=pages.address(PATH.format(token=token)))

    @router.post(PATH + "/close")
    async def close(request: Request, token: str) -> Response:
        """Close it, unless more was written than the page with the button showed."""
        seen = _number(first(await read_form(request) or {}, "seen"))
        look = partial(alerts.close, seen=seen)
        return await answer(request, token, look, then=pages.address(PATH.format(token=token)))

    return router


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def _sorry(pages: Pages, what: str, language: str, status: int) -> Response:
    said = words(language)["alert"]
    values = {"heading": said[f"{what}_heading"], "texts": [said[what]], "back": None}
    return pages.page("notice.html.j2", language=language, status=status, **values)


def _page(pages: Pages, view: AlertView, token: str) -> Response:
    """Return the page, in the first language of the alert's clinic."""
    alert, clinic = view.alert, view.clinic
    language = view.language
    path, at = pages.address(PATH.format(token=token)), _Moments(view)
    taken = {"name": alert.taken_by, "mine": alert.taken_by == view.contact, "at": at(alert.taken_at)}
    return pages.page(
        "alert.html.j2",
        language=language,
        clinic=contact(clinic) if clinic else None,
        view=view,
        kind=alert.kind.value,
        at_once=alert.kind in AT_ONCE,
        since=at(alert.opened_at),
        taken=taken if alert.taken_at else None,
        closed={"name": view.closed_by, "at": at(alert.closed_at)} if alert.closed_at else None,
        reply=_reply(view, view.reply, at) if view.reply else None,
        replies=[_reply(view, it, at) for it in (view.reply, *view.joined) if it],
        missed=[{"name": it.name, "ways": it.ways, "at": at(it.at)} for it in view.missed],
        question={"at": at(view.question.asked_at), "lines": _lines(view.question.text)} if view.question else None,
        people=[_person(it) for it in view.people],
        steps=_steps(view, language),
        detail="" if alert.kind in OF_PATIENTS else _detail(view),
        take=f"{path}/take",
        close=f"{path}/close",
    )


class _Moments:
    """Writes instants as the clinic's people read them; where there is no clinic, in UTC."""

    def __init__(self, view: AlertView) -> None:
        clinic = view.clinic
        self._zone = clinic.timezone if clinic else ZoneInfo("UTC")
        self._locale = locale_of(view.language, clinic.country if clinic else "")
        self._said = "" if clinic else " UTC"

    def __call__(self, instant: datetime | None) -> str:
        return f"{moment(instant.astimezone(self._zone), self._locale)}{self._said}" if instant else ""


def _reply(view: AlertView, reply: Reply, at: _Moments) -> Mapping[str, object]:
    shown, dialled = phone_of(reply.sender) if reply.sender else ("", "")
    return {
        "source": reply.source,
        "at": at(reply.received_at),
        "lines": _lines(reply.body),
        "media": reply.media,
        "triage": reply.triage.value,
        "because": ", ".join(clean(it) for it in reply.because),
        "stops": reply.stops,
        "answer": _answer(view, reply, at),
        "sender": shown,
        "sender_link": f"tel:{dialled}",
    }


def _answer(view: AlertView, reply: Reply, at: _Moments) -> Mapping[str, object]:
    """Say what the patient got, or why nothing: that in English, as the history has it."""
    answer = view.answers[reply.id]
    zone = view.clinic.timezone if view.clinic else ZoneInfo("UTC")
    warned = answer.state is not Answering.NONE and reply.triage is Triage.URGENT and view.clinic
    return {
        "state": answer.state.value,
        "at": at(answer.at),
        "why": sentence(answer.reasons, zone),
        "emergency": view.clinic.emergency_number if warned and view.clinic else "",
    }


def _person(patient: Patient) -> Mapping[str, str]:
    shown, dialled = phone_of(patient.phone) if patient.phone else ("", "")
    return {"name": clean(patient.name), "phone": shown, "link": f"tel:{dialled}" if dialled else ""}


def _steps(view: AlertView, language: str) -> list[str]:
    said = words(spoken_for(language))["alert"]["steps"]
    kind = view.alert.kind
    return list(said[kind.value if kind in CLOSED_BY_HAND else "fault"])


def _detail(view: AlertView) -> str:
    """Say a fault for whoever runs the system: in English, as its log does."""
    zone = view.clinic.timezone if view.clinic else ZoneInfo("UTC")
    remedy = REMEDIES[view.alert.kind]
    return f"{sentence(view.alert.reasons, zone)} {remedy[:1].upper()}{remedy[1:]}."


def _lines(text: str) -> list[str]:
    return [line for line in map(clean, text.splitlines()) if line]
