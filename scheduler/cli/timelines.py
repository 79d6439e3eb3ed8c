"""How an appointment's messages are printed, by every command that shows them, with what came back."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.padding import Padding
from rich.text import Text

from scheduler.cli.output import console, one_line, print_json
from scheduler.domain.appointment import AppointmentCause
from scheduler.domain.notice import AlertCause
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.services.correspondence import TimelineAlert, TimelineReply
from scheduler.services.timeline import Timeline, TimelineAdjustment, TimelineMessage
from scheduler.store.events import Event

COLOURS = {
    Status.SCHEDULED: "cyan",
    Status.ACCEPTED: "green",
    Status.DELIVERED: "green",
    Status.HELD: "yellow",
    Status.UNKNOWN: "yellow",
    Status.FAILED: "red",
    Status.UNDELIVERED: "red",
}
CLASSES = {Triage.URGENT: "red", Triage.CONCERN: "yellow", Triage.FINE: "green"}
HAPPENED = {
    AlertCause.RAISED: "raised",
    AlertCause.RUNG: "told",
    AlertCause.MISSED: "not reached",
    AlertCause.JOINED: "joined by another reply",
    AlertCause.TAKEN: "taken by {by}",
    AlertCause.CLOSED: "closed by {by}",
}
DONE = {
    AppointmentCause.HEARD: "· {by} spoke with the patient",
    AppointmentCause.LINKS_REVOKED: "· every link to the patient's pages closed by {by}",
    AppointmentCause.ADJUSTED: "· {what}, by {by}",
    AppointmentCause.APPLIED: "· {what}, by {by}",
}
"""What people did that no other line tells of."""

Line = tuple[datetime, str, str]
"""When, what, and why: a line of Rich's markup, and plain text below it or ""."""


def print_timeline(timeline: Timeline, as_json: bool, *, bodies: bool = False) -> None:
    """Print an appointment with its messages, the replies to them and what came of those, in order of time.

    `bodies`: all that patients wrote, too; else only the words that decided the class of a reply.
    """
    if as_json:
        print_json(_data(timeline, bodies=bodies))
        return
    zone = timeline.timezone
    console.print(
        f"[bold]Appointment {timeline.appointment}[/]  {timeline.treatment} at {timeline.clinic}, "
        f"{_local(timeline.starts_at, zone)} ({zone.key}), {timeline.status}"
    )
    for at, head, why in sorted(_lines(timeline, bodies=bodies), key=lambda line: line[0]):
        console.print(f"{_local(at, zone)}  {head}", highlight=False)
        if why:
            console.print(Padding(Text(why, style="dim"), (0, 0, 0, 4)))


def _lines(timeline: Timeline, *, bodies: bool) -> Iterator[Line]:
    widest = max((len(message.step) for message in timeline.messages), default=0)
    for message in timeline.messages:
        yield _message(message, widest)
    for reply in timeline.replies:
        yield from _reply(reply, bodies=bodies)
    for alert in timeline.alerts:
        yield from _alert(alert)
    for event in timeline.history:
        if isinstance(event.cause, AppointmentCause) and event.cause in DONE:
            what = _escape(sentence(event.reasons, timeline.timezone).rstrip("."))
            yield event.at, DONE[event.cause].format(by=_escape(event.by), what=what), _note(timeline, event)


def _note(timeline: Timeline, event: Event) -> str:
    """Return the note that an exception was made with, where the event is of one."""
    if all(reason.code != "exception_note" for reason in event.reasons):
        return ""
    step = dict(event.reasons[0].params)["step"]
    made = (it for it in timeline.adjustments if (it.adjustment.step, it.made_at) == (step, event.at))
    note = next((it.note for it in made), None)
    return "What it says can't be opened with the keys at hand." if note is None else f"“{one_line(note)}”"


def _message(message: TimelineMessage, widest: int) -> Line:
    colour = COLOURS.get(message.status, "dim")
    head = f"{message.step:<{widest}}  {message.channel:<5}  [{colour}]{message.status}[/]"
    return message.due_at, head, message.reason


def _reply(reply: TimelineReply, *, bodies: bool) -> Iterator[Line]:
    kind = f"[{CLASSES.get(reply.triage, 'cyan')}]{reply.triage.value.replace('_', ' ')}[/]"
    stops = ", and no more messages" if reply.stops and reply.triage is not Triage.STOP else ""
    yield (
        reply.at,
        f"← reply {reply.id} to {reply.step} by {reply.source}: {kind}{stops}",
        _said(reply, bodies=bodies),
    )
    if reply.answer:
        answer = reply.answer
        colour = COLOURS.get(answer.status, "dim")
        yield answer.at, f"→ {answer.template}  {answer.channel}  [{colour}]{answer.status}[/]", answer.reason
    if reply.handled_at:
        yield reply.handled_at, f"✓ reply {reply.id} dealt with by {_escape(reply.handled_by or '')}", ""


def _said(reply: TimelineReply, *, bodies: bool) -> str:
    """Say which words decided, or all that was written, and why nothing was answered."""
    if reply.words is None:
        said = "What it says can't be opened with the keys at hand."
    elif bodies:
        said = f"“{one_line(reply.body or '')}”"
    else:
        said = ", ".join(f"“{one_line(word)}”" for word in reply.words)
    media = f"{reply.media} pictures or files came with it." if reply.media else ""
    return "  ".join(part for part in (said, media, "" if reply.answer else reply.reason) if part)


def _alert(alert: TimelineAlert) -> Iterator[Line]:
    for event in alert.events:
        what = HAPPENED[event.cause].format(by=_escape(event.by))
        yield event.at, f"! alert {alert.id} ({alert.kind.value.replace('_', ' ')}) {what}", event.reason


def _escape(text: str) -> str:
    return one_line(text).replace("[", r"\[")


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _data(timeline: Timeline, *, bodies: bool) -> dict[str, object]:
    return {
        "appointment": timeline.appointment,
        "external_id": timeline.external_id,
        "clinic": timeline.clinic,
        "treatment": timeline.treatment,
        "starts_at": timeline.starts_at,
        "status": timeline.status,
        "messages": [
            {
                "id": message.id,
                "step": message.step,
                "channel": message.channel,
                "occurrence": message.occurrence,
                "purpose": message.purpose,
                "due_at": message.due_at,
                "useful_until": message.useful_until,
                "status": message.status,
                "reason": message.reason,
            }
            for message in timeline.messages
        ],
        "replies": [_reply_data(reply, bodies=bodies) for reply in timeline.replies],
        "alerts": [_alert_data(alert) for alert in timeline.alerts],
        "history": [
            {
                "at": event.at,
                "cause": event.cause,
                "by": event.by,
                "reason": sentence(event.reasons, timeline.timezone),
            }
            for event in timeline.history
        ],
        "adjustments": [_adjustment_data(it) for it in timeline.adjustments],
    }


def _adjustment_data(exception: TimelineAdjustment) -> dict[str, object]:
    adjustment = exception.adjustment
    return {
        "step": adjustment.step,
        "kind": adjustment.kind,
        "at": adjustment.at,
        "note": exception.note,
        "by": adjustment.by,
        "made_at": exception.made_at,
        "lifted_at": exception.lifted_at,
        "lifted_by": exception.lifted_by,
    }


def _reply_data(reply: TimelineReply, *, bodies: bool) -> dict[str, object]:
    answer = reply.answer
    return {
        "id": reply.id,
        "message": reply.question,
        "step": reply.step,
        "source": reply.source,
        "received_at": reply.at,
        "triage": reply.triage,
        "because": reply.words,
        "stops": reply.stops,
        "media": reply.media,
        "handled_at": reply.handled_at,
        "handled_by": reply.handled_by,
        "reason": reply.reason,
        "answer": answer
        and {
            "id": answer.id,
            "template": answer.template,
            "channel": answer.channel,
            "due_at": answer.at,
            "status": answer.status,
            "reason": answer.reason,
        },
        **({"body": reply.body} if bodies else {}),
    }


def _alert_data(alert: TimelineAlert) -> dict[str, object]:
    return {
        "id": alert.id,
        "kind": alert.kind,
        "reply": alert.reply,
        "opened_at": alert.opened_at,
        "taken_at": alert.taken_at,
        "taken_by": alert.taken_by,
        "closed_at": alert.closed_at,
        "events": [
            {"at": event.at, "cause": event.cause, "by": event.by, "reason": event.reason} for event in alert.events
        ],
    }
