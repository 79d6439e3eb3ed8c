"""What became of the messages: charts by day, reasons, lateness, cost; the list of messages, and its export."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import PATIENT_CHANNELS
from scheduler.services.deliveries import SPANS_OF_DAYS, Report, clinics_of, report
from scheduler.services.delivery_export import export
from scheduler.services.desk import Desk
from scheduler.store.deliveries import deliveries, names_of
from scheduler.web.access import needs, note
from scheduler.web.console.chart import draw
from scheduler.web.console.delivery_wishes import Wish, place_text, read_wish
from scheduler.web.console.formats import Formats, short_day
from scheduler.web.console.shell import Shell, headers
from scheduler.web.console.words import words

AT_ONCE = 50
Reader = Annotated[Caller, Depends(needs(Permission.READ, "deliveries.seen"))]
Exporter = Annotated[Caller, Depends(needs(Permission.READ, "deliveries.exported"))]


def delivery_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes of the page and of the file."""
    router = shell.router()

    @router.get("/deliveries")
    def show(request: Request, caller: Reader) -> Response:
        """Show the last days of all clinics that the caller may see, or of one."""
        wish = read_wish(request.query_params)
        note(request, clinic=wish.clinic)
        return _page(desk, shell, request, caller, wish)

    @router.get("/deliveries.csv")
    def download(request: Request, caller: Exporter, bom: bool = False) -> Response:
        """Give the list as a file, row by row: however long it is, little of it is in memory."""
        wish = read_wish(request.query_params)
        clinics = clinics_of(desk.configuration, caller.scope(Permission.READ, wish.clinic).clinics)
        note(request, clinic=wish.clinic)
        lines = export(desk.store, clinics, wish.windows(clinics, now=desk.clock.now()), wish.wanted, bom=bom)
        given = {**headers(frames=False), "Content-Disposition": 'attachment; filename="deliveries.csv"'}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=given)

    return router


def _page(desk: Desk, shell: Shell, request: Request, caller: Caller, wish: Wish) -> Response:
    now = desk.clock.now()
    clinics = clinics_of(desk.configuration, caller.scope(Permission.READ, wish.clinic).clinics)
    with desk.store.read() as tx:
        told = report(tx, clinics, days=wish.days, now=now, late_after=desk.configuration.instance.late_after)
        windows = wish.windows(clinics, now=now)
        page = deliveries(tx, windows, wish.wanted, limit=AT_ONCE, after=wish.after)
        names = names_of(tx, {it.patient_id for it in page.rows if it.patient_id})
    language = shell.language(request, caller)
    return shell.page(
        request,
        caller,
        "deliveries/index.html.j2",
        clinic=wish.clinic,
        report=told,
        charts=[(draw(told.days[it]), {"channel": it.value, "count": told.total(it)}) for it in PATIENT_CHANNELS],
        short_day=_short_day(shell.formats(language)),
        wish=wish,
        rows=page.rows,
        looked_to=page.after.due_at if page.after else None,
        names=names,
        several=len(clinics) > 1,
        only=clinics[0].id if len(clinics) == 1 else None,
        spans=SPANS_OF_DAYS,
        steps=sorted({step.id for it in desk.configuration.protocols.values() for step in it.steps}),
        treatments=sorted(desk.configuration.protocols),
        reasons=_reasons(told, wish),
        next_page=wish.query(after=place_text(page.after)) if page.after else None,
        problems=[("day", words(language)["deliveries"]["list"]["bad_day"])] if wish.bad_day else [],
    )


def _reasons(told: Report, wish: Wish) -> list[str]:
    """Return the codes to choose from: those that were met, and the one that is chosen."""
    return sorted({it.reason for it in told.reasons} | ({wish.reason} if wish.reason else set()))


def _short_day(formats: Formats) -> Callable[[date], str]:
    """Return what writes a day below a chart."""
    locale = formats.locale()
    return lambda day: short_day("MMMd", day, locale)
