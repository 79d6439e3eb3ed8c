"""`aftercare simulate`: what a patient would get, or what many appointments bring about. Nothing is stored."""

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from scheduler.cli.forecast_view import print_forecast
from scheduler.cli.output import Json, errors, progress_bar
from scheduler.cli.simulated_story import story
from scheduler.cli.simulated_svg import draw
from scheduler.cli.simulated_view import print_played
from scheduler.cli.wiring import collect_less
from scheduler.content.templates import Texts
from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import instant
from scheduler.domain.protocol import Protocol
from scheduler.domain.simulated import Answered, Case
from scheduler.domain.spans import parse_span
from scheduler.errors import NotFoundError, RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import suggest
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import load
from scheduler.services.forecast import CLOSES, MOST, OPENS, Forecaster, visits_every, visits_per_day
from scheduler.services.moments import read_instant
from scheduler.services.played import Played
from scheduler.services.simulation import Simulator
from scheduler.services.words import zone_names
from scheduler.settings import read_settings

DAY = len("2026-03-02")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)


def simulate(
    treatment: Annotated[str, typer.Argument(help="The treatment, such as microneedling.", metavar="TREATMENT")],
    *,
    clinic: Annotated[str, typer.Option(help="The clinic's id.")],
    at: Annotated[
        str, typer.Option(help="When the appointment starts: ISO 8601; without an offset, the clinic's clock.")
    ] = "",
    first: Annotated[str, typer.Option("--from", help="Instead of --at: the first day of a range.")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day of the range.")] = "",
    every: Annotated[str, typer.Option(help="An appointment every so often, such as 1d; counted from --from.")] = "",
    per_day: Annotated[
        int | None,
        typer.Option(
            help=f"So many appointments a day, spread from {OPENS:%H:%M} to {CLOSES:%H:%M}.", min=1, max=MOST
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="The patient's language, such as fr.")] = "",
    timezone: Annotated[str, typer.Option(help="The patient's IANA zone, if it is not the clinic's.")] = "",
    no_phone: Annotated[bool, typer.Option("--no-phone", help="The patient has no phone.")] = False,
    no_email: Annotated[bool, typer.Option("--no-email", help="The patient has no email.")] = False,
    registered: Annotated[
        str, typer.Option(help="When it is registered, as --at; else early enough for every step.")
    ] = "",
    reply: Annotated[
        list[str] | None, typer.Option(help="What the patient answers to a step, and when.", metavar="STEP=TEXT@ISO")
    ] = None,
    texts: Annotated[bool, typer.Option("--texts", help="Also the texts.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Also write a picture there.", metavar="FILE")] = None,
    as_json: Json = False,
) -> None:
    """Play an appointment as it would go, by the real engine on a moved clock; or count what many of them bring."""
    collect_less()
    settings = read_settings(os.environ)
    configuration = load(settings.config_dir)
    place = configuration.clinic(clinic)
    wording = Texts(settings.templates_dir)
    if bool(at) == bool(first):
        raise typer.BadParameter("give --at, or --from and --to")
    case = Case(
        clinic=clinic,
        treatment=treatment,
        starts_at=_instant(at or first, place, "--at" if at else "--from"),
        registered_at=_instant(registered, place, "--registered") if registered else None,
        language=language or None,
        timezone=_zone(timezone),
        has_phone=not no_phone,
        has_email=not no_email,
        events=tuple(_reply(text, place) for text in reply or ()),
    )
    _refuse_unknown_steps(configuration.protocol_for(clinic, treatment), case)
    if first:
        if reply or texts or svg or registered:
            raise typer.BadParameter("--reply, --registered, --texts and --svg are for one appointment: give --at")
        _forecast(configuration, wording, case, _visits(place, first, last, every, per_day), as_json=as_json)
        return
    played = _play(case, Simulator(configuration, wording, Lexicons(settings.config_dir)))
    print_played(played, configuration.protocol_for(clinic, treatment), texts=texts, as_json=as_json)
    if svg:
        svg.write_text(draw(played, story(played)), encoding="utf-8")
        errors.print(f"Wrote {svg}.", markup=False)


def _refuse_unknown_steps(protocol: Protocol, case: Case) -> None:
    for event in case.events:
        if isinstance(event, Answered) and not protocol.step(event.step):
            hint = suggest(event.step, [step.id for step in protocol.steps])
            said = f"--reply: there is no step {event.step} in {protocol.treatment}"
            raise NotFoundError(f"{said}{f': {hint}' if hint else ''}")


def _play(case: Case, simulator: Simulator) -> Played:
    try:
        return simulator.play(case)
    finally:
        simulator.close()


def _forecast(
    configuration: Configuration,
    texts: Texts,
    case: Case,
    visits: tuple[datetime, ...],
    *,
    as_json: bool,
) -> None:
    forecaster = Forecaster(configuration, texts)
    try:
        with progress_bar("Simulating", shown=not as_json) as progress:
            forecast = forecaster.forecast(case, visits, progress)
    finally:
        forecaster.close()
    print_forecast(forecast, as_json=as_json)


def _visits(clinic: Clinic, first: str, last: str, every: str, per_day: int | None) -> tuple[datetime, ...]:
    if not last:
        raise typer.BadParameter("--from needs --to")
    if bool(every) and bool(per_day):
        raise typer.BadParameter("give --every or --per-day, not both")
    start, end = _instant(first, clinic, "--from"), _instant(last, clinic, "--to")
    if per_day:
        days = [moment.astimezone(clinic.timezone).date() for moment in (start, end)]
        return visits_per_day(clinic, days[0], days[1], per_day)
    try:
        span = parse_span(every or "1d")
    except ValueError as error:
        raise typer.BadParameter(f"--every: {error}") from None
    whole = timedelta(days=1) - timedelta(minutes=1) if len(last) == DAY else timedelta(0)
    return visits_every(clinic, start, _midnight(end, clinic) + whole if whole else end, span)


def _midnight(moment: datetime, clinic: Clinic) -> datetime:
    local = moment.astimezone(clinic.timezone)
    return instant(local.date(), datetime.min.time(), clinic.timezone)


def _instant(text: str, clinic: Clinic, option: str) -> datetime:
    """Read a moment; for a range a day is enough, and begins with the hour at which visits do."""
    try:
        if option in ("--from", "--to") and len(text) == DAY:
            return instant(date.fromisoformat(text), OPENS, clinic.timezone)
        return read_instant(text, clinic)
    except ValueError as error:
        raise RegistrationError(f"{option} {error}") from None


def _zone(name: str) -> ZoneInfo | None:
    if name and name not in zone_names():
        raise RegistrationError("timezone: is not an IANA time zone such as Europe/Madrid")
    return ZoneInfo(name) if name else None


def _reply(text: str, clinic: Clinic) -> Answered:
    said, _, moment = text.rpartition("@")
    step, _, words = said.partition("=")
    if not (step and words and moment):
        raise typer.BadParameter(f"--reply {text!r}: write STEP=TEXT@ISO, such as redness_check=2@2026-03-04T12:00")
    return Answered(_instant(moment, clinic, "--reply"), step, words)
