"""`aftercare replies answer`: a text that a person wrote goes out to whoever wrote to us."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.protocol import Channel
from scheduler.errors import ConflictError
from scheduler.services.desk_messages import Draft, new_form, write
from scheduler.services.desk_ways import Way, ways_to_writer
from scheduler.store.database import Tx
from scheduler.store.desk_messages import DeskMessage, desk_messages_of_replies
from scheduler.store.patients import get_patient
from scheduler.store.replies import get_reply

MOST_BYTES = 65_536

Number = Annotated[int, typer.Argument(metavar="REPLY", help="Its number.", min=1, max=2**63 - 1)]
TextFile = Annotated[
    Path, typer.Option(help="A file with the text, in UTF-8; - reads it from the standard input.", metavar="FILE")
]
Subject = Annotated[str, typer.Option(help="The subject of an email; else that of the question, with Re:.")]
By_way = Annotated[Channel | None, typer.Option("--channel", help="sms or email; else as the reply came.")]
From = Annotated[str, typer.Option("--clinic", help="Who answers, where nobody knows which clinic was meant.")]
AtOnce = Annotated[bool, typer.Option("--now", help="Also in quiet hours; else it waits until they end.")]


def answer(
    number: Number,
    *,
    text_file: TextFile,
    channel: By_way = None,
    subject: Subject = "",
    clinic: From = "",
    now: AtOnce = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Answer a reply with a text of your own. It goes out as all messages do, when the service next looks."""
    words, who = _read(text_file), operator(by)
    with open_product(create=False, sound_only=True) as product:
        with product.store.write() as tx:
            way = _way(tx, product, number, channel, clinic)
            written = desk_messages_of_replies(tx, [number])
            draft = Draft(
                new_form(),
                words,
                subject=subject or way.thread.subject or "Re:",
                at_once=now,
                seen=max((it.message.id for it in written), default=0),
            )
            done = write(tx, product.texts, way, draft, by=who, now=product.clock.now())
        if as_json:
            print_json(_as_json(number, done))
        else:
            at = done.message.due_at.astimezone(way.clinic.timezone)
            console.print(
                f"Message {done.message.id} goes out by {way.channel} at {at:%Y-%m-%d %H:%M} {at.tzname()}."
            )


def _read(file: Path) -> str:
    """Return the words of a file. A bad one is wrong usage."""
    try:
        raw = sys.stdin.buffer.read(MOST_BYTES + 1) if str(file) == "-" else file.read_bytes()[: MOST_BYTES + 1]
        words = raw.decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter(f"{file} can't be read as UTF-8", param_hint="--text-file") from None
    if not words or len(raw) > MOST_BYTES:
        raise typer.BadParameter(f"{file} is empty or too large", param_hint="--text-file")
    return words


def _way(tx: Tx, product: Product, number: int, channel: Channel | None, clinic: str) -> Way:
    reply = get_reply(tx, number)
    answering = reply.clinic or clinic
    if not answering:
        raise ConflictError(f"nobody knows which clinic reply {number} was meant for: say who answers with --clinic")
    patient = get_patient(tx, reply.patient_id) if reply.patient_id is not None else None
    known = product.configuration.clinic(answering)
    found = ways_to_writer(tx, known, reply, patient, now=product.clock.now())
    way = next((it for it in found if channel in (None, it.channel)), None)
    if way is None:
        raise ConflictError(
            f"reply {number} can't be answered that way: {answering} or the patient has no such address"
        )
    return way


def _as_json(number: int, done: DeskMessage) -> dict[str, object]:
    message = done.message
    return {
        "reply": number,
        "message": message.id,
        "channel": message.channel.value,
        "due_at": message.due_at,
        "useful_until": message.useful_until,
        "by": done.by,
    }
