"""`aftercare init`: a clinic's own copy of config and templates, all of them or what it chooses."""

from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.output import console
from scheduler.protocols.new_clinic import NewClinic
from scheduler.services.beginning import Choice, begin


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="DIR")],
    *,
    treatments: Annotated[
        str, typer.Option(help="The treatments that you offer, such as microneedling,dermal_filler; by default all.")
    ] = "",
    clinic: Annotated[
        str, typer.Option(help="Your clinic's name: its file takes the place of the sample clinics.")
    ] = "",
    timezone: Annotated[str, typer.Option(help="Its IANA zone, such as America/Toronto.")] = "",
    country: Annotated[str, typer.Option(help="Its country, two letters.")] = "",
    languages: Annotated[str, typer.Option(help="Its languages, such as fr,en: the first is the default.")] = "",
    phone: Annotated[str, typer.Option(help="The number that patients call.")] = "",
    emergency_number: Annotated[str, typer.Option(help="The emergency number where it is.")] = "",
    sms_from: Annotated[str, typer.Option(help="What text messages come from.")] = "",
    email_from: Annotated[str, typer.Option(help="What emails come from.")] = "",
    on_call: Annotated[str, typer.Option(help="Who gets alerts: an email address or a number.")] = "",
) -> None:
    """Copy config and templates into a new or empty folder, to be edited there. Asks nothing.

    With --clinic the folder has a file for that clinic, made from the options given; what is missing is left without
    a value, and `aftercare check` names it.
    """
    given = {
        "timezone": timezone,
        "country": country,
        "languages": languages,
        "phone": phone,
        "emergency_number": emergency_number,
        "sms_from": sms_from,
        "email_from": email_from,
        "on_call": on_call,
    }
    begin(folder, Choice(_listed(treatments), _new_clinic(clinic, given)))
    _say(folder, samples=not clinic)


def _new_clinic(name: str, given: dict[str, str]) -> NewClinic | None:
    if name:
        return NewClinic(name, **{key: value for key, value in given.items() if key != "languages"},
                         languages=_listed(given["languages"]))  # fmt: skip
    if lonely := [key.replace("_", "-") for key, value in given.items() if value]:
        raise typer.BadParameter(f"--{lonely[0]} says something of a clinic: add --clinic with its name")
    return None


def _listed(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))


def _say(folder: Path, *, samples: bool) -> None:
    there = folder.resolve() if folder == Path() else folder
    clinics = "The clinics are samples and the texts" if samples else "The texts are"
    console.print(
        f"Copied config/ and templates/ to {there}. Edit them there, then:\n"
        f"  cd {there}\n"
        "  aftercare check\n"
        f"{clinics} unapproved examples: a clinician approves each before it is sent."
    )
