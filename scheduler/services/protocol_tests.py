"""Plays the tests of protocols, and says what went otherwise than they expect."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from scheduler.content.templates import Texts
from scheduler.domain.expected import NotSent, ProtocolTest, Sent
from scheduler.domain.simulated import moment_in
from scheduler.errors import AftercareError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.expectations import WrittenTest, find_written_tests
from scheduler.protocols.problems import Problem, in_order
from scheduler.services.happenings import EventError
from scheduler.services.played import Played, SimulatedMessage
from scheduler.services.reply_desk import Words
from scheduler.services.simulation import Simulator, Wanted


def run_protocol_tests(
    config_dir: Path, configuration: Configuration, texts: Texts, words: Words
) -> tuple[Problem, ...]:
    """Play every test of a folder, and return what went otherwise and what is wrong with the files, in their order.

    Blocks: less than a tenth of a second a test. The configuration has no errors.

    Raises ConfigError where the words of replies can't be read.
    """
    tests, problems = find_written_tests(config_dir, configuration)
    if tests:
        simulator = Simulator(configuration, texts, words)
        try:
            ends = simulator.play_all([Wanted(it.test.case, _watched(it.test)) for it in tests])
        finally:
            simulator.close()
        problems += [problem for test, end in zip(tests, ends, strict=True) for problem in _failures(test, end)]
    return in_order(problems)


def _failures(written: WrittenTest, played: Played | AftercareError) -> Iterator[Problem]:
    test = written.test
    if isinstance(played, EventError):
        yield written.problem(("events", test.case.events.index(played.event)), str(played))
        return
    if isinstance(played, AftercareError):
        yield written.problem(("name",), f"it can't be played: {played}")
        return
    for place, expected in enumerate(test.expect):
        for key, message in _of_sent(expected, test.expect[:place].count(expected), played):
            yield written.problem(("expect", place, key), message)
    for place, unsent in enumerate(test.not_sent):
        if said := _of_unsent(unsent, played):
            yield written.problem(("not_sent", place, "step"), said)
    yield from _of_the_rest(written, played)


def _watched(test: ProtocolTest) -> frozenset[str] | None:
    """Return the steps after which the play may end, None where it has to go to its end."""
    if test.nothing_else:
        return None
    return frozenset({it.step for it in test.expect} | {it.step for it in test.not_sent})


def _of_sent(expected: Sent, before: int, played: Played) -> Iterator[tuple[str, str]]:
    """Yield the key and what happened instead, for what went otherwise.

    `before`: how often the same stands in the list above, so that it takes as many messages more.
    """
    at = moment_in(played.zone, expected.at)
    hits = [it for it in _of_step(expected, played.messages) if it.sent_at and _minute(it.sent_at) == _minute(at)]
    if len(hits) <= before:
        what = f"{_name(expected)} was expected at {_local(at, played)}"
        yield "at", f"{what} once more" if hits else f"{what}, {_instead(expected, played)}"
        return
    meant = [it for it in hits if _says(it, expected)] or hits
    fit = [it for it in meant if expected.because is None or _is_because(it, expected.because)]
    if not fit:
        yield "because", f"{_name(expected)} went out for another reason: {meant[0].line.reason}"
    if not any(_says(it, expected) for it in meant):
        yield "says", f"the text of {_name(expected)} does not say “{expected.says}”"


def _says(message: SimulatedMessage, expected: Sent) -> bool:
    return not expected.says or expected.says.casefold() in (message.text or "").casefold()


def _of_unsent(expected: NotSent, played: Played) -> str | None:
    mine = _of_step(expected, played.messages)
    for message in mine:
        if message.sent_at:
            return f"{_name(expected)} was not expected, and {_went_out(message, played)}: {message.line.reason}"
    if expected.because and not any(_is_because(it, expected.because) for it in mine):
        reasons = " ".join(dict.fromkeys(it.line.reason for it in mine)) or "it was never planned"
        return f"{_name(expected)} was not sent for another reason: {reasons}"
    return None


def _of_the_rest(written: WrittenTest, played: Played) -> Iterator[Problem]:
    test = written.test
    if test.nothing_else:
        for message in played.sent:
            if not any(_is_meant(it, message, played) for it in test.expect):
                name = f"{message.line.step} by {message.line.channel}"
                yield written.problem(("nothing_else",), f"{name} {_went_out(message, played)} too")
    if test.alerts is not None and test.alerts != set(played.alerts):
        raised = ", ".join(sorted(set(played.alerts))) or "none"
        yield written.problem(("alerts",), f"other alerts were raised: {raised}")


def _of_step(expected: Sent | NotSent, messages: Sequence[SimulatedMessage]) -> list[SimulatedMessage]:
    return [it for it in messages if it.line.step == expected.step and expected.channel in (None, it.line.channel)]


def _is_meant(expected: Sent, message: SimulatedMessage, played: Played) -> bool:
    at = _minute(moment_in(played.zone, expected.at))
    return bool(_of_step(expected, [message])) and _minute(message.sent_at) == at


def _is_because(message: SimulatedMessage, words: str) -> bool:
    is_code = any(reason.code == words for reason in message.reasons)
    return is_code or words.casefold() in message.line.reason.casefold()


def _instead(expected: Sent, played: Played) -> str:
    mine = _of_step(expected, played.messages)
    sent = [it for it in mine if it.sent_at]
    if sent:
        return f"and {' and '.join(_went_out(it, played) for it in sent)}"
    if mine:
        return f"and was not sent: {mine[-1].line.reason}"
    others = [it.line.channel for it in played.messages if it.line.step == expected.step]
    return f"and went by {others[0]} instead" if others else "and was never planned"


def _went_out(message: SimulatedMessage, played: Played) -> str:
    assert message.sent_at
    return f"went out at {_local(message.sent_at, played)}"


def _name(expected: Sent | NotSent) -> str:
    return f"{expected.step} by {expected.channel}" if expected.channel else expected.step


def _local(at: datetime, played: Played) -> str:
    return f"{at.astimezone(played.zone):%a %Y-%m-%d %H:%M}"


def _minute(at: datetime | None) -> datetime | None:
    return at and at.replace(second=0, microsecond=0)
