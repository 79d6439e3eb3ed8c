"""The patient's own page, behind a signed link: read, answered, chosen on. No account, no cookie, no script."""

from collections.abc import Callable, Collection, Mapping
from functools import partial

from babel import Locale
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.domain.triage import Triage
from scheduler.logs import get_logger
from scheduler.services.page_visitor import Closed
from scheduler.services.patient_page import PatientPages, View
from scheduler.web.checkin import MOST, CheckIn, Problem, blank, read_checkin
from scheduler.web.forms import Form, first, read_form
from scheduler.web.guard import Guard
from scheduler.web.pages import SAFE, Contact, Pages, contact, spoken_for, words, words_version

log = get_logger(__name__)

PATH = "/p/{token}"
_KEYS = {f"{channel}.{purpose}": (channel, purpose) for channel in PATIENT_CHANNELS for purpose in Purpose}
_SAID = {Triage.HELP: Triage.QUESTION, Triage.START: Triage.UNKNOWN}
"""Classes that are told the same as another one."""


def patient_pages(patients: PatientPages, pages: Pages, *, wake: Callable[[], None] = lambda: None) -> APIRouter:
    """Return the routes. `wake` tells the engine, from any thread, that something may be due."""
    router, desk = APIRouter(), _Desk(patients, pages, wake)
    guarded = Guard(pages).lets

    @router.get(PATH)
    async def show(token: str, request: Request) -> Response:
        """Show the page."""
        return await guarded(request, token, desk.show)

    @router.get(PATH + "/session.ics")
    async def calendar(token: str, request: Request) -> Response:
        """Give the days of the next session as a calendar file."""
        return await guarded(request, token, desk.calendar)

    @router.post(PATH + "/answer")
    async def answer(token: str, request: Request) -> Response:
        """Take a check-in and say what happens now."""
        return await guarded(request, token, partial(desk.answer, form=await read_form(request)))

    @router.post(PATH + "/preferences")
    async def preferences(token: str, request: Request) -> Response:
        """Take what the patient wants to get."""
        return await guarded(request, token, partial(desk.prefer, form=await read_form(request)))

    @router.post(PATH + "/stop")
    async def stop(token: str, request: Request) -> Response:
        """Stop all messages."""
        return await guarded(request, token, desk.stop)

    @router.get(PATH + "/answer")
    @router.get(PATH + "/preferences")
    @router.get(PATH + "/stop")
    async def back(token: str) -> Response:
        """Lead back to the page: phones open the address of an answer again when they restore a tab."""
        return RedirectResponse(pages.address(f"/p/{token}"), 303, headers=dict(SAFE))

    return router


class _Desk:
    """Answers requests that were let through. Its methods block."""

    def __init__(self, patients: PatientPages, pages: Pages, wake: Callable[[], None]) -> None:
        self._patients, self._pages, self._wake = patients, pages, wake

    def show(self, token: str) -> Response | Closed:
        view = self._patients.open(token)
        return view if isinstance(view, Closed) else self._page(token, view, blank())

    def answer(self, token: str, *, form: Form | None) -> Response | Closed:
        view = self._patients.open(token)
        if isinstance(view, Closed):
            return view
        said = words(spoken_for(view.visitor.language))
        given = read_checkin(form, said) if form is not None else None
        if given is None:
            return self._page(token, view, blank(), (Problem("better", said["checkin"]["nothing"]),))
        if problems := given.problems(said):
            return self._page(token, view, given, problems)
        taken = self._patients.answer(token, given.text(said), ticked=given.ticked(said), form_id=given.form_id)
        if isinstance(taken, Closed):
            return taken
        self._wake()
        kind = _SAID.get(taken.triage, taken.triage).value
        extra = "stopped" if taken.stops else ""
        return self._shown("patient_answer.html.j2", token, view, kind=kind, extra=extra)

    def prefer(self, token: str, *, form: Form | None) -> Response | Closed:
        view = self._patients.open(token)
        if isinstance(view, Closed):
            return view
        if form is None:
            return self.show(token)
        ticked, were, were_not = (_boxes(form, name) for name in ("wish", "ticked", "unticked"))
        if not (were or were_not) and view.choices.channels:  # nobody knows what such a form showed
            return self.show(token)
        changed = dict.fromkeys(were - ticked, False) | dict.fromkeys(were_not & ticked, True)
        spoken = spoken_for(view.visitor.language)
        closed = self._patients.choose(
            token,
            changed,
            first(form, "language"),
            wording=_wording(words(spoken)["preferences"], view, ticked),
            version=words_version(spoken),
        )
        view = self._patients.open(token)  # it may be in another language now
        if isinstance(view, Closed) or isinstance(closed, Closed):
            return self.show(token)
        said = words(spoken_for(view.visitor.language))["preferences"]
        still = view.choices.stopped & {channel for channel, _ in ticked}
        texts = [said["saved"], *([said["partly_stopped"]] if still else [])]
        return self._notice(token, view, said["saved_heading"], texts)

    def stop(self, token: str) -> Response | Closed:
        view = self._patients.open(token)
        if isinstance(view, Closed):
            return view
        spoken = spoken_for(view.visitor.language)
        said = words(spoken)["preferences"]
        self._patients.stop(token, wording=said["stop"], version=words_version(spoken))
        stopped = said["stopped"].format(clinic=contact(view.visitor.clinic).name)
        return self._notice(token, view, said["stopped_heading"], [stopped, said["restart"]])

    def calendar(self, token: str) -> Response | Closed:
        view = self._patients.open(token)
        if isinstance(view, Closed):
            return view
        who = contact(view.visitor.clinic)
        file = self._patients.calendar(view, **_event(words(spoken_for(view.visitor.language))["session"], view, who))
        if file is None:
            return self._page(token, view, blank(), status=404)
        attached = {"Content-Disposition": 'attachment; filename="session.ics"'}
        return Response(file, media_type="text/calendar; charset=utf-8", headers={**SAFE, **attached})

    def _page(
        self, token: str, view: View, given: CheckIn, problems: tuple[Problem, ...] = (), status: int = 200
    ) -> Response:
        return self._shown(
            "patient.html.j2",
            token,
            view,
            status=422 if problems else status,
            given=given,
            problems=problems,
            most=MOST,
            purposes=tuple(Purpose),
            languages=[(code, _own_name(code)) for code in view.choices.languages],
        )

    def _notice(self, token: str, view: View, heading: str, texts: list[str], status: int = 200) -> Response:
        back = self._links(token)["page"]
        return self._shown("notice.html.j2", token, view, status=status, heading=heading, texts=texts, back=back)

    def _shown(self, template: str, token: str, view: View, *, status: int = 200, **values: object) -> Response:
        visitor = view.visitor
        given = {"view": view, "clinic": contact(visitor.clinic), "links": self._links(token), **values}
        return self._pages.page(template, language=visitor.language, status=status, **given)

    def _links(self, token: str) -> Mapping[str, str]:
        here = self._pages.address(f"/p/{token}")
        return {
            "page": here,
            "answer": f"{here}/answer",
            "preferences": f"{here}/preferences",
            "stop": f"{here}/stop",
            "calendar": f"{here}/session.ics",
        }


def _boxes(form: Form, name: str) -> set[tuple[Channel, Purpose]]:
    return {_KEYS[key] for key in form.get(name, []) if key in _KEYS}


def _wording(said: Mapping[str, str], view: View, ticked: Collection[tuple[Channel, Purpose]]) -> str:
    """Return what the patient read and ticked, for the consent ledger."""
    lines = [
        f"[{'x' if (channel, purpose) in ticked else ' '}] {said[purpose.value]}: {said[channel.value]}"
        for channel, purpose in view.choices.gets
    ]
    return "\n".join(lines)


def _event(said: Mapping[str, str], view: View, who: Contact) -> dict[str, str]:
    text = said["event_call"].format(clinic=who.name, phone=who.phone)
    if view.window and view.window.booking_url:
        text += "\n" + said["event_book"].format(url=view.window.booking_url)
    return {"title": f"{who.name}: {said['event']}", "text": text}


def _own_name(code: str) -> str:
    """Return what a language calls itself."""
    name = Locale.parse(code, sep="-").get_display_name(code.replace("-", "_")) or code
    return name[:1].upper() + name[1:]
