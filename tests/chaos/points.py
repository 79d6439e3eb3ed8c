"""The named points of a message's way at which a process can be ended or stopped, wrapped from outside.

The product knows nothing of them. A name that is no longer there fails at the start of the process, loudly.
"""

import importlib
import inspect
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from types import MappingProxyType, ModuleType
from typing import Any

Pass = Callable[[], None]
SMTP_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Spot:
    """A function of the product or of a library it sends with; `when` it is passed, and for which first argument.

    Functions of a module are wrapped wherever they were imported by name.
    """

    module: str
    name: str
    when: str
    only: Callable[[Any], bool] = lambda _argument: True


@dataclass(frozen=True, slots=True)
class Point:
    """What a point means, the spots where it is passed, and how many messages lie about between two passes."""

    meaning: str
    spots: tuple[Spot, ...]
    each: int


def _sends(when: str) -> tuple[Spot, ...]:
    transports = {"twilio.channel": "TwilioTransport", "smtp.channel": "SmtpTransport"}
    return tuple(Spot(f"scheduler.channels.{module}", f"{name}.send", when) for module, name in transports.items())


def _is_content(written: Any) -> bool:
    return bytes(written).endswith(SMTP_END)


BATCH, PORTION, ONE = 60, 24, 1
POINTS = MappingProxyType(
    {
        "claiming": Point("in the claim", (Spot("scheduler.store.claims", "claim_due", "after"),), BATCH),
        "handed on": Point("after handing on", (Spot("scheduler.runtime.queue", "Queue.hand_on", "after"),), BATCH),
        "taking over": Point("in the take-over", (Spot("scheduler.store.claims", "take_over", "after"),), BATCH),
        "claimed": Point(
            "after the claim", (Spot("scheduler.services.preparing", "Preparer.prepare", "before"),), BATCH
        ),
        "beginning": Point("in the begin", (Spot("scheduler.store.claims", "begin", "after"),), PORTION),
        "begun": Point("before the call", _sends("before"), ONE),
        "unanswered": Point(
            "after the call, answer lost",
            (
                Spot("aiohttp", "ClientResponse.read", "before"),
                Spot("aiosmtplib.protocol", "SMTPProtocol.write", "after", only=_is_content),
            ),
            ONE,
        ),
        "answered": Point("after the call, answered", _sends("after"), ONE),
        "unrecorded": Point(
            "before the record", (Spot("scheduler.services.recording", "Recorder.record", "before"),), PORTION
        ),
        "recording": Point("in the record", (Spot("scheduler.store.transitions", "finish", "after"),), PORTION),
        "recorded": Point(
            "after the record", (Spot("scheduler.services.recording", "Recorder.record", "after"),), PORTION
        ),
    }
)
OF_REPLIES = MappingProxyType(
    {
        "stored": Point(
            "after the call is stored", (Spot("scheduler.services.callbacks", "TwilioCallbacks.keep", "after"),), ONE
        ),
        "taking in": Point(
            "before the reply is committed", (Spot("scheduler.services.reply_case", "Case.change", "after"),), ONE
        ),
        "taken in": Point(
            "after the reply is committed",
            (Spot("scheduler.services.inbound", "Replies._handle_next", "after"),),
            ONE,
        ),
    }
)
"""The points of a reply's way, before its answer is a message like others. No play passes them."""
HANDER = ("claiming", "handed on")
"""What a `serve` passes while workers do the sending."""
ENGINE = tuple(name for name in POINTS if name not in {"handed on", "taking over"})
WORKER = tuple(name for name in POINTS if name not in HANDER)


@dataclass(frozen=True, slots=True)
class Ambush:
    """End (or stop) the process at the `passes`-th pass of a point."""

    point: str
    passes: int
    number: signal.Signals = signal.SIGKILL

    @classmethod
    def read(cls, text: str) -> "Ambush":
        point, passes, number = text.split(":")
        return cls(point, int(passes), signal.Signals[number])

    def __str__(self) -> str:
        return f"{self.point}:{self.passes}:{self.number.name}"


def lay(ambush: Ambush) -> None:
    """Wrap the point's spots in this process."""
    left = ambush.passes

    def passed() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), ambush.number)

    for spot in (POINTS | OF_REPLIES)[ambush.point].spots:
        _wrap(spot, passed)


def _wrap(spot: Spot, passed: Pass) -> None:
    owner: Any = importlib.import_module(spot.module)
    *path, name = spot.name.split(".")
    for part in path:
        owner = getattr(owner, part)
    was = getattr(owner, name)
    wrap = _wrapped_coroutine if inspect.iscoroutinefunction(was) else _wrapped
    _replace(owner, name, wrap(was, spot, passed))


def _replace(owner: Any, name: str, value: object) -> None:
    """Put something in the place of a module's or class's own; also where it has been imported by that name."""
    was = getattr(owner, name)
    setattr(owner, name, value)
    for module in [it for it in sys.modules.values() if isinstance(owner, ModuleType) and vars(it).get(name) is was]:
        setattr(module, name, value)


def _wrapped(function: Callable[..., Any], spot: Spot, passed: Pass) -> Callable[..., Any]:
    @wraps(function)
    def around(*arguments: Any, **named: Any) -> Any:
        counts = spot.only(arguments[-1]) if arguments else True
        if spot.when == "before" and counts:
            passed()
        result = function(*arguments, **named)
        if spot.when == "after" and counts:
            passed()
        return result

    return around


def _wrapped_coroutine(
    function: Callable[..., Awaitable[Any]], spot: Spot, passed: Pass
) -> Callable[..., Awaitable[Any]]:
    @wraps(function)
    async def around(*arguments: Any, **named: Any) -> Any:
        if spot.when == "before":
            passed()
        result = await function(*arguments, **named)
        if spot.when == "after":
            passed()
        return result

    return around
