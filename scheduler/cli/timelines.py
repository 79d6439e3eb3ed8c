"""How an appointment's messages are printed, by every command that shows them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.padding import Padding
from rich.text import Text

from scheduler.cli.output import console, print_json
from scheduler.domain.states import Status
from scheduler.services.timeline import Timeline

COLOURS = {
    Status.SCHEDULED: "cyan",
    Status.ACCEPTED: "green",
    Status.DELIVERED: "green",
    Status.HELD: "yellow",
    Status.UNKNOWN: "yellow",
    Status.FAILED: "red",
    Status.UNDELIVERED: "red",
}


def print_timeline(timeline: Timeline, as_json: bool) -> None:
    """Print an appointment and its messages."""
    if as_json:
        print_json(_data(timeline))
        return
    zone = timeline.timezone
    widest = max((len(message.step) for message in timeline.messages), default=0)
    console.print(
        f"[bold]Appointment {timeline.appointment}[/]  {timeline.treatment} at {timeline.clinic}, "
        f"{_local(timeline.starts_at, zone)} ({zone.key}), {timeline.status}"
    )
    for message in timeline.messages:
        colour = COLOURS.get(message.status, "dim")
        when = _local(message.due_at, zone)
        head = f"{when}  {message.step:<{widest}}  {message.channel:<5}  [{colour}]{message.status}[/]"
        console.print(head, highlight=False)
        console.print(Padding(Text(message.reason, style="dim"), (0, 0, 0, 4)))


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _data(timeline: Timeline) -> dict[str, object]:
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
    }
