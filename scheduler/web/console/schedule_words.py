"""How a step of a protocol is said to people, in the reader's language, and its place in the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from babel.dates import get_day_names
from babel.lists import format_list
from babel.units import format_unit
from markupsafe import Markup, escape

from scheduler.content.formats import clean, time_of_day
from scheduler.content.picture import Head, Mark, Row, as_part
from scheduler.domain.protocol import (
    After,
    AfterReply,
    Before,
    Between,
    Channel,
    IfLate,
    Protocol,
    Purpose,
    Step,
    Weekday,
)
from scheduler.domain.spans import Span, Unit
from scheduler.web.console.formats import Formats

_UNITS = {
    Unit.MINUTES: "duration-minute",
    Unit.HOURS: "duration-hour",
    Unit.DAYS: "duration-day",
    Unit.WEEKS: "duration-week",
    Unit.MONTHS: "duration-month",
}
_WIDE = 14
"""Days between two things from which on the picture leaves room between them."""
_ROOM = 14


def coded(text: object) -> Markup:
    """Return a sentence for a page, what stands in it between backticks as code."""
    parts = str(escape(text)).split("`")
    return Markup("".join(f"<code>{it}</code>" if place % 2 else it for place, it in enumerate(parts)))  # noqa: S704  (escaped above)


def titled(protocol: Protocol, language: str) -> str:
    """Return a protocol's title in the reader's language, else in the first that its file has."""
    return protocol.title.get(language) or next(iter(protocol.title.values()), protocol.treatment)


@dataclass(frozen=True, slots=True)
class StepWords:
    """Says steps in one language; `words` are those of the whole console. All it returns is plain text."""

    words: Mapping[str, Any]
    fmt: Formats
    clinic: str

    @property
    def _own(self) -> Mapping[str, Any]:
        return self.words["schedules"]  # type: ignore[no-any-return]  # a table of words

    def span(self, span: Span) -> str:
        """Return a length of time as its file says it, in words: 2 days, 4 weeks."""
        return clean(format_unit(span.amount, _UNITS[span.unit], "long", locale=self.fmt.locale(self.clinic)))

    def when(self, step: Step) -> str:
        """Return when a step is, in a clause."""
        said, timing = self._own["when"], step.timing
        match timing:
            case Before(span, at):
                text = said["before"] if span.amount else said["same_day"]
                return self._at(_put(text, span=self.span(span)), at)
            case After(span, at):
                text = said["after_end" if span.on_clock else "after"] if span.amount else said["same_day"]
                return self._at(_put(text, span=self.span(span)), at)
            case Between(start, end, prefer, on, at):
                spans = {"start": self._bare(start, end), "end": self.span(end), "prefer": self.span(prefer)}
                return self._at(self._on(_put(said["between"], **spans), on), at)
            case AfterReply(to, triage, wait, at):
                text = said["after_reply" if wait.amount else "at_once_after_reply"]
                classes = self._listed([self.words["triage"][it] for it in sorted(triage)], "or")
                return self._at(_put(text, span=self.span(wait), classes=classes, step=self.fmt.step(to)), at)

    def channels(self, step: Step) -> str:
        """Return how a step goes out."""
        said = self._own["how"]
        if len(step.channels) == 1:
            return str(said[step.channels[0].value])
        if step.first_of:
            return str(said["sms_first" if step.channels[0] is Channel.SMS else "email_first"])
        return str(said["both"])

    def facts(self, step: Step) -> list[tuple[str, str]]:
        """Return what else is to be known of a step, each with its heading; what goes without saying is left out."""
        heads, own = self._own["step"], self._own
        found = [
            (heads["when"], self.when(step)),
            (heads["channels"], self.channels(step)),
            (heads["purpose"], own["purpose"][step.purpose.value]),
            (heads["asks"], self.fmt.step(step.ask) if step.ask else ""),
            (heads["useful"], self._useful(step)),
            (heads["late"], own["late"]["asked" if _is_asked_late(step) else step.if_late.value]),
            (heads["closed"], own["closures"]["defer" if step.defer_on_closures else "send"]),
            (heads["unless"], ", ".join(own["unless"].get(it, self.fmt.step(it)) for it in sorted(step.unless))),
            (heads["reminds"], self._reminds(step)),
            (heads["merges"], self.fmt.step(step.kind) if step.kind else ""),
        ]
        return [(head, text) for head, text in found if text]

    def short(self, step: Step) -> tuple[str, str]:
        """Return when a step is in two lines of the picture: how far from the visit, and the time of day."""
        said, timing = self._own["when"], step.timing
        clock = self.clock(timing.at) if timing.at else ""
        match timing:
            case Before(span):
                return _put(said["before_short" if span.amount else "same_day_short"], span=self.span(span)), clock
            case After(span):
                return _put(said["after_short" if span.amount else "same_day_short"], span=self.span(span)), clock
            case Between(start, end):
                return _put(said["range_short"], start=self._bare(start, end), end=self.span(end)), clock
            case AfterReply(_, _, wait):
                return _put(said["reply_short"], span=self.span(wait)), clock

    def clock(self, at: time) -> str:
        """Return a time of day."""
        return time_of_day(at, self.fmt.locale(self.clinic))

    def _at(self, text: str, at: time | None) -> str:
        return _put(self._own["when"]["at"], when=text, time=self.clock(at)) if at else text

    def _on(self, text: str, on: frozenset[Weekday]) -> str:
        if not on or len(on) == len(Weekday):
            return text
        names = get_day_names("wide", locale=self.fmt.locale(self.clinic))
        days = self._listed([names[day.value] for day in sorted(on)], "or")
        return _put(self._own["when"]["on"], when=text, days=days)

    def _listed(self, texts: Sequence[str], style: str) -> str:
        return clean(format_list(texts, "or" if style == "or" else "standard", locale=self.fmt.locale(self.clinic)))

    def _bare(self, span: Span, other: Span) -> str:
        """Return a span as the first of two: without its unit where the other has the same."""
        return self.fmt.number(span.amount) if span.unit is other.unit else self.span(span)

    def _useful(self, step: Step) -> str:
        if step.useful_for:
            return self.span(step.useful_for)
        said = self._own["useful"]
        match step.timing:
            case Before():
                return str(said["before"])
            case Between():
                return str(said["between"])
            case _:
                return str(said["default"])

    def _reminds(self, step: Step) -> str:
        if not step.remind:
            return ""
        return self._at(_put(self._own["remind"]["after"], span=self.span(step.remind.after)), step.remind.at)


def picture(protocol: Protocol, said: StepWords, title: str, links: Mapping[str, str]) -> str:
    """Return the picture of a protocol as a part of a page; `links` are where more of each step stands."""
    own = said.words["schedules"]
    rows, last = list[Row](), None
    for at, step in _in_order(protocol):
        gap = _ROOM if last is not None and abs(at - last) >= _WIDE else 0
        last = at
        if step is None:
            rows.append(Row(Mark.VISIT, "", "", own["step"]["visit"], said.span(protocol.duration), gap=gap))
            continue
        when, clock = said.short(step)
        small = [said.channels(step), own["purpose"][step.purpose.value] if step.purpose is not Purpose.CARE else ""]
        small.append(own["when"]["after_an_answer"] if isinstance(step.timing, AfterReply) else "")
        told = " · ".join(it for it in small if it)
        rows.append(Row(_mark(step), when, clock, said.fmt.step(step.id), told, links.get(step.id, ""), gap))
    return as_part(Head(title, ""), rows)


def _in_order(protocol: Protocol) -> list[tuple[float, Step | None]]:
    """Return the steps and the visit (None) as they come, with how many days each is from the visit."""
    places: dict[str, float] = {}
    for step in protocol.steps:
        places[step.id] = _days(step, places)
    found: list[tuple[float, Step | None]] = [(0.0, None)]
    found += [(places[step.id], step) for step in protocol.steps]
    return sorted(found, key=lambda it: (it[0], it[1] is not None))


def _days(step: Step, places: Mapping[str, float]) -> float:
    match step.timing:
        case Before(span):
            return -max(span.elapsed.total_seconds() / 86400, 0.001)
        case After(span, at):
            hour = (at.hour / 24 if at else 0.5) if not span.on_clock else 0.0
            return max(span.elapsed.total_seconds() / 86400 + hour, 0.001)
        case Between(_, _, prefer, _, at):
            return prefer.elapsed.days + at.hour / 24
        case AfterReply(to, _, wait):
            # Below the question that it follows, however long it waits: that is how it is read.
            return places.get(to, 0.0) + min(0.0001 + wait.elapsed.total_seconds() / 1e12, 0.01)


def _mark(step: Step) -> Mark:
    if isinstance(step.timing, AfterReply):
        return Mark.WAITS
    return Mark.REPLY if step.ask else Mark.SENT


def _is_asked_late(step: Step) -> bool:
    return bool(step.ask) and step.if_late is IfLate.COLLAPSE


def _put(text: str, **values: str) -> str:
    return text.format(**values)
