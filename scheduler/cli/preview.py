"""`aftercare preview`: a text as a patient would get it, and what it costs."""

import os
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from scheduler.cli.output import Json, console, print_json
from scheduler.clock import SystemClock
from scheduler.content.render import RenderedEmail, RenderedSms
from scheduler.content.templates import Texts
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import find_dearest
from scheduler.protocols.loader import load
from scheduler.services.previewing import Previewer
from scheduler.settings import read_settings


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(preview)


def preview(
    step: Annotated[
        str,
        typer.Argument(
            help="A step's id, such as redness_check, or answer_urgent, alert_urgent and the like.", metavar="STEP"
        ),
    ],
    *,
    clinic: Annotated[str, typer.Option(help="The clinic's id.")],
    language: Annotated[str, typer.Option(help="One of the clinic's languages.")],
    channel: Annotated[Channel, typer.Option(help="sms or email")] = Channel.SMS,
    treatment: Annotated[str, typer.Option(help="The treatment, where several have such a step.")] = "",
    html: Annotated[bool, typer.Option("--html", help="Print the email's HTML, to be opened in a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Print the text of a step, an answer or an alert with a sample patient; for an SMS also its segments."""
    settings = read_settings(os.environ)
    if html:
        channel = Channel.EMAIL
    previewer = Previewer(load(settings.config_dir), Texts(settings.templates_dir))
    show = partial(
        previewer.preview,
        step,
        clinic=clinic,
        language=language,
        channel=channel,
        treatment=treatment or None,
        now=SystemClock().now(),
    )
    text, first = show(), show(first_contact=True)
    if isinstance(text, RenderedEmail):
        if as_json:
            print_json(asdict(text))
        else:
            print(text.html if html else f"Subject: {text.subject}\n\n{text.text}")  # noqa: T201  (no markup, no wrapping)
    elif isinstance(first, RenderedSms):
        if as_json:
            print_json(asdict(text) | ({"as_first_contact": asdict(first)} if first != text else {}))
        else:
            _print_sms(text, first)


def _print_sms(sms: RenderedSms, first: RenderedSms) -> None:
    print(sms.body)  # noqa: T201  (no markup, no wrapping)
    console.print(f"\n{_cost(sms)}.", style="dim")
    if dear := find_dearest(sms.body):
        said = f"Without {dear.characters} it would take {dear.segments}."
        console.print(said, style="dim", markup=False, soft_wrap=True)
    if first != sms:
        line = first.body.removeprefix(sms.body).strip()
        console.print(
            f"The first text to a number also says “{line}”: {_cost(first)}.",
            style="dim",
            markup=False,
            soft_wrap=True,
        )


def _cost(sms: RenderedSms) -> str:
    count = "1 segment" if sms.segments == 1 else f"{sms.segments} segments"
    return f"{len(sms.body)} characters, {sms.encoding}, {count}"
