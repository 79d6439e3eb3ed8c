"""`aftercare replies`: what patients wrote, how it was read, what it was answered, and which still need a person."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from scheduler.cli.answer import answer
from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, one_line, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.reasons import sentence
from scheduler.services.replies import deal_with
from scheduler.services.reply_views import Answered, ReplyView, view_replies

Number = Annotated[int, typer.Argument(metavar="REPLY", help="Its number.", min=1, max=2**63 - 1)]
Clinic = Annotated[str, typer.Option(help="Only this clinic's, and those of which nobody knows whose they are.")]
Unhandled = Annotated[bool, typer.Option("--open", help="Only those that nobody said are dealt with.")]
Most = Annotated[int, typer.Option("--limit", help="How many, at most.", min=1, max=10_000)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What patients wrote.")
    group.callback(invoke_without_command=True)(replies)
    group.command(name="list")(show)
    group.command(name="handled")(handled)
    group.command(name="answer")(answer)
    app.add_typer(group, name="replies")


def replies(context: typer.Context, *, as_json: Json = False) -> None:
    """List what patients wrote, or say that a reply is dealt with."""
    if context.invoked_subcommand is None:
        show(as_json=as_json)


def show(*, clinic: Clinic = "", unhandled: Unhandled = False, limit: Most = 50, as_json: Json = False) -> None:
    """List the latest replies, the newest first: who wrote, what, how it was read, and what it was answered."""
    with open_product(create=False, sound_only=True) as product:
        if clinic:
            product.configuration.refuse_unknown_clinic(clinic)
        with product.store.read() as tx:
            found = view_replies(tx, clinic=clinic or None, unhandled=unhandled, limit=limit)
        if as_json:
            print_json({"replies": [_as_json(view, product) for view in found]})
        elif found:
            for view in found:
                _print(view, product)
        else:
            console.print("No reply is open." if unhandled else "Nobody has written yet.")


def handled(number: Number, *, by: By = "", as_json: Json = False) -> None:
    """Say that a reply is dealt with; what was raised for it ends."""
    who = operator(by)
    with open_product(create=False, sound_only=True) as product, product.store.write() as tx:
        first = deal_with(tx, number, by=who, now=product.clock.now())
    if as_json:
        print_json({"reply": number, "handled": first})
    else:
        console.print(f"Reply {number} is dealt with." if first else f"Reply {number} was dealt with before.")


def _as_json(view: ReplyView, product: Product) -> dict[str, Any]:
    reply = view.reply
    return {
        "id": reply.id,
        "received_at": reply.received_at,
        "source": reply.source,
        "clinic": reply.clinic,
        "from": reply.sender,
        "to": reply.receiver,
        "patient": reply.patient_id,
        "candidates": [{"patient": it.id, "name": it.name} for it in view.owners],
        "body": reply.body if reply.readable else None,
        "media": reply.media,
        "triage": reply.triage.value,
        "because": list(reply.because),
        "stops": reply.stops,
        "question": view.question and {"step": view.question.step, "appointment": view.question.appointment},
        "answer": view.answer and _answer_as_json(view.answer),
        "reason": sentence(view.reasons, _zone(view, product)),
        "alerts": [{"alert": it.id, "kind": it.kind.value, "open": it.closed_at is None} for it in view.alerts],
        "handled_at": reply.handled_at,
        "handled_by": reply.handled_by,
    }


def _answer_as_json(answer: Answered) -> dict[str, Any]:
    return {"id": answer.message, "template": answer.template, "status": answer.status.value}


def _print(view: ReplyView, product: Product) -> None:
    reply, zone = view.reply, _zone(view, product)
    at = f"{reply.received_at.astimezone(zone):%Y-%m-%d %H:%M}"
    words = f" ({', '.join(map(one_line, reply.because))})" if reply.because else ""
    stops = ", stops" if reply.stops and reply.triage.value not in ("stop", "wrong_number") else ""
    media = f" [{reply.media} files at the provider]" if reply.media else ""
    _say(f"{reply.id}  {at} {zone.key}  {reply.clinic or 'clinic unknown'}  {_who(view)}")
    said = one_line(reply.body) if reply.readable else "[it can't be opened with the keys at hand]"
    _say(f"   {said}{media}")
    _say(f"   {reply.triage}{stops}{words}{_asked(view)}", style="dim")
    _say(f"   {_said(view)}{_raised(view)}{_done(view, zone)}", style="dim")


def _who(view: ReplyView) -> str:
    names = " or ".join(f"{one_line(it.name)} (patient {it.id})" for it in view.owners)
    return f"{names or 'nobody known'}, {view.reply.sender or 'no number'}"


def _asked(view: ReplyView) -> str:
    return f", on {view.question.step} of appointment {view.question.appointment}" if view.question else ""


def _said(view: ReplyView) -> str:
    said = sentence(view.reasons, ZoneInfo("UTC"))
    return f"{said} That text is {view.answer.status}." if view.answer else said


def _raised(view: ReplyView) -> str:
    return "".join(f"  alert {it.id} ({it.kind}{', over' if it.closed_at else ''})" for it in view.alerts)


def _done(view: ReplyView, zone: ZoneInfo) -> str:
    reply = view.reply
    if reply.handled_at is None:
        return ""
    return f"  dealt with by {reply.handled_by} at {reply.handled_at.astimezone(zone):%Y-%m-%d %H:%M}"


def _zone(view: ReplyView, product: Product) -> ZoneInfo:
    clinic = product.configuration.clinics.get(view.reply.clinic or "")
    return clinic.timezone if clinic else ZoneInfo("UTC")


def _say(text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)
