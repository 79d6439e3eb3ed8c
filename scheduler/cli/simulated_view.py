"""How a simulated appointment is printed: a picture, then every message with its reason; or JSON."""

from collections.abc import Iterator
from decimal import Decimal

from rich.padding import Padding
from rich.text import Text

from scheduler.cli.output import console, one_line, print_json
from scheduler.cli.simulated_story import CHANNELS, Entry, not_planned, story
from scheduler.cli.simulated_strip import Strip
from scheduler.cli.simulated_svg import put_off_by
from scheduler.content.picture import Mark
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel, Protocol
from scheduler.domain.simulated import clock_words
from scheduler.services.played import Played, SimulatedMessage

COLOURS = {Mark.SENT: "green", Mark.WAITS: "cyan", Mark.NOT_SENT: "red", Mark.REPLY: "yellow", Mark.VISIT: "bold"}


def print_played(played: Played, protocol: Protocol, *, texts: bool, as_json: bool) -> None:
    """Print it, local times in the patient's zone; `texts`: what each message says, too."""
    if as_json:
        print_json(_data(played, texts=texts))
        return
    entries = story(played)
    told, plain = played.timeline, console.options.ascii_only
    head = f"{told.treatment} at {told.clinic}, {clock_words(told.starts_at, played.zone)} ({played.zone.key})"
    console.print(Text(head, style="bold"), soft_wrap=True)
    console.print("Simulated: nothing is stored, nothing is sent.\n", style="dim")
    for line in Strip(entries, told.starts_at, plain=plain).lines():
        console.print(line, soft_wrap=True)
    console.print()
    for entry in entries:
        _print_entry(entry, played, texts=texts)
    for said in (*not_planned(protocol, played), _total(played)):
        console.print(said, style="dim", markup=False, highlight=False)


def _print_entry(entry: Entry, played: Played, *, texts: bool) -> None:
    line = Text(f"{clock_words(entry.at, played.zone)}  ")
    line.append(one_line(entry.what), style="bold" if entry.mark is Mark.VISIT else "")
    if entry.messages:
        line.append(f"  {entry.ways}  ").append(entry.mark.value, style=COLOURS[entry.mark])
    console.print(line)
    for below in _below(entry, played):
        console.print(Padding(Text(below, style="dim"), (0, 0, 0, 4)))
    if texts:
        for message in entry.messages:
            if message.text:
                console.print(Padding(Text(message.text), (0, 0, 1, 8)))


def _below(entry: Entry, played: Played) -> Iterator[str]:
    if entry.planned_at:
        planned, at = (it.astimezone(played.zone) for it in (entry.planned_at, entry.at))
        start = f"{planned:%H:%M}" if planned.date() == at.date() else clock_words(planned, played.zone)
        yield f"planned {start} -> {at:%H:%M}: {put_off_by(entry)}"
    if entry.why:
        yield entry.why
    for message in entry.messages:
        if message.segments:
            yield f"{CHANNELS[Channel.SMS]}: {cost_words(message.segments, played.clinic)}"


def _total(played: Played) -> str:
    ways = [
        f"{count} by {CHANNELS[channel]}"
        for channel in (Channel.SMS, Channel.EMAIL)
        if (count := sum(it.line.channel is channel for it in played.sent))
    ]
    lost = len(played.messages) - len(played.sent)
    parts = [f"{len(played.sent)} messages go out ({', '.join(ways)})" if ways else "No message goes out"]
    parts += [cost_words(played.segments, played.clinic)] if played.segments else []
    parts += [f"{lost} not sent"] if lost else []
    return f"{'; '.join(parts)}."


def cost_words(segments: int, clinic: Clinic) -> str:
    """Return what so many segments are and cost: `7 segments, 0.0581 USD`; the cost where the clinic says it."""
    count = "1 segment" if segments == 1 else f"{segments:,} segments"
    price = clinic.sms.price if clinic.sms else None
    return f"{count}, {price.times(segments)} {price.currency}" if price else count


def cost_data(amount: Decimal | None, clinic: Clinic) -> dict[str, str] | None:
    """Return a cost as JSON has it: the amount as a text, since it is exact."""
    price = clinic.sms.price if clinic.sms else None
    return {"amount": str(amount), "currency": price.currency} if price and amount is not None else None


def _data(played: Played, *, texts: bool) -> dict[str, object]:
    told = played.timeline
    return {
        "appointment": "simulated",
        "external_id": None,
        "clinic": told.clinic,
        "treatment": told.treatment,
        "starts_at": told.starts_at,
        "registered_at": played.registered_at,
        "status": told.status,
        "timezone": played.zone.key,
        "messages": [_message(message, played, texts=texts) for message in played.messages],
        "replies": [
            {"step": it.step, "at": it.at, "text": it.body, "class": it.triage, "reason": it.reason}
            for it in told.replies
        ],
        "alerts": [{"kind": alert.kind, "opened_at": alert.opened_at} for alert in told.alerts],
        "segments": played.segments,
        "cost": cost_data(played.cost, played.clinic),
    }


def _message(message: SimulatedMessage, played: Played, *, texts: bool) -> dict[str, object]:
    line = message.line
    price = played.clinic.sms.price if played.clinic.sms else None
    segments = message.segments
    data: dict[str, object] = {
        "id": line.id,
        "step": line.step,
        "channel": line.channel,
        "occurrence": line.occurrence,
        "purpose": line.purpose,
        "planned_at": message.planned_at,
        "due_at": line.due_at,
        "useful_until": line.useful_until,
        "sent_at": message.sent_at,
        "status": line.status,
        "reason": line.reason,
        "segments": segments,
        "cost": cost_data(price.times(segments), played.clinic) if price and segments else None,
    }
    return data | ({"text": message.text} if texts else {})
