"""How a forecast is printed: totals, what is put off or left out, a bar for each day and hour; or JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from rich.text import Text

from scheduler.cli.output import console, print_json
from scheduler.cli.simulated_svg import WORDS
from scheduler.cli.simulated_view import cost_data, cost_words
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, sentence
from scheduler.services.forecast import Forecast, Foreseen

BAR = 40
MOST_DAYS = 45
"""Of more days each line is a week."""


def print_forecast(forecast: Forecast, *, as_json: bool) -> None:
    """Print it; days and hours are the clinic's."""
    if as_json:
        print_json(_data(forecast))
        return
    days = [visit.astimezone(forecast.zone).date() for visit in forecast.visits]
    head = (
        f"{forecast.treatment} at {forecast.clinic.id}: {_count(len(days), 'appointment')}, {days[0]} to {days[-1]}"
    )
    console.print(Text(head, style="bold"), soft_wrap=True)
    console.print("Simulated: nothing is stored, nothing is sent.", style="dim")
    for line in _totals(forecast):
        console.print(line, markup=False, highlight=False)
    plain = console.options.ascii_only
    _print_bars("By day" if not _by_week(forecast) else "By week, from Monday", _days(forecast), plain=plain)
    _print_bars("By hour", {f"{hour:02}:00": count for hour, count in forecast.by_hour().items()}, plain=plain)


def _totals(forecast: Forecast) -> Iterator[str]:
    sms = sum(it.channel is Channel.SMS for it in forecast.sent)
    cost = cost_words(forecast.segments, forecast.clinic)
    yield (
        f"{_count(len(forecast.sent), 'message')}: {sms:,} by SMS ({cost}), {len(forecast.sent) - sms:,} by email."
    )
    for (step, codes), found in _grouped_moved(forecast).items():
        longest = max((it.at - it.planned_at for it in found if it.at), default=timedelta(0))
        why = ", ".join(WORDS.get(code, code) for code in codes)
        yield f"Put off: {step}, {_count(len(found), 'message')} ({why}), the longest by {_span(longest)}."
    for (step, code), found in _grouped_lost(forecast).items():
        why = sentence([Reason(code, _last(found[0]).params)], forecast.zone)
        yield f"Not sent: {step}, {_count(len(found), 'message')}, such as: {why}"


def _grouped_moved(forecast: Forecast) -> dict[tuple[str, tuple[str, ...]], list[Foreseen]]:
    found: dict[tuple[str, tuple[str, ...]], list[Foreseen]] = {}
    for it in forecast.sent:
        if it.moved_by:
            found.setdefault((it.step, it.moved_by), []).append(it)
    return found


def _grouped_lost(forecast: Forecast) -> dict[tuple[str, str], list[Foreseen]]:
    found: dict[tuple[str, str], list[Foreseen]] = {}
    for it in forecast.messages:
        if it.at is None:
            found.setdefault((it.step, _last(it).code), []).append(it)
    return found


def _last(message: Foreseen) -> Reason:
    return message.reasons[-1]


def _by_week(forecast: Forecast) -> bool:
    return len(forecast.by_day()) > MOST_DAYS


def _days(forecast: Forecast) -> dict[str, int]:
    counts = Counter[date]()
    for day, messages in forecast.by_day().items():
        counts[day - timedelta(days=day.weekday()) if _by_week(forecast) else day] += len(messages)
    return {f"{day:%a %Y-%m-%d}": count for day, count in sorted(counts.items())}


def _print_bars(title: str, counts: Mapping[str, int], *, plain: bool) -> None:
    console.print(f"\n{title}", style="bold")
    most, sign = max(counts.values(), default=0), "#" if plain else "█"
    for label, count in counts.items():
        bar = Text(sign * max(1, round(count / most * BAR)), style="cyan")
        console.print(Text(f"{label:<15} {count:>7,} ").append(bar))


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours < 1:
        return _count(round(hours * 60), "minute")
    return _count(round(hours), "hour") if hours < 48 else _count(round(hours / 24), "day")  # noqa: PLR2004  (two days)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _data(forecast: Forecast) -> dict[str, object]:
    days = [visit.astimezone(forecast.zone).date() for visit in forecast.visits]
    return {
        "clinic": forecast.clinic.id,
        "treatment": forecast.treatment,
        "from": days[0].isoformat(),
        "to": days[-1].isoformat(),
        "timezone": forecast.zone.key,
        "appointments": len(forecast.visits),
        "messages": len(forecast.sent),
        "segments": forecast.segments,
        "cost": cost_data(forecast.cost, forecast.clinic),
        "by_day": [
            {
                "day": day.isoformat(),
                "messages": len(messages),
                "sms": sum(it.channel is Channel.SMS for it in messages),
                "email": sum(it.channel is Channel.EMAIL for it in messages),
                "segments": sum(it.segments for it in messages),
            }
            for day, messages in forecast.by_day().items()
        ],
        "by_hour": [{"hour": hour, "messages": count} for hour, count in forecast.by_hour().items()],
        "put_off": [
            {"step": step, "because": list(codes), "messages": len(found)}
            for (step, codes), found in _grouped_moved(forecast).items()
        ],
        "not_sent": [
            {"step": step, "because": code, "messages": len(found)}
            for (step, code), found in _grouped_lost(forecast).items()
        ],
    }
