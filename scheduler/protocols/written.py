"""A protocol in the form of its file, as JSON: how the store keeps the versions that visits are planned by."""

import json
from dataclasses import replace
from datetime import time
from typing import Any

from scheduler.domain.protocol import After, AfterReply, Before, Between, IfLate, Protocol, Purpose, Step, Weekday
from scheduler.protocols.advice_file import ALWAYS
from scheduler.protocols.building import build_protocol
from scheduler.protocols.protocol_file import ProtocolFile

_CLOSURES = {True: "defer", False: "send"}


def written(protocol: Protocol) -> str:
    """Return the protocol as canonical JSON that `read_written` reads back; defaults are left out."""
    return json.dumps(as_file(protocol), ensure_ascii=False, separators=(",", ":"))


def read_written(text: str, digest: str) -> Protocol:
    """Return the protocol of that text under the digest that it was kept by.

    Raises ValueError (pydantic's) for what no version of this program wrote.
    """
    return replace(build_protocol(ProtocolFile.model_validate(json.loads(text))), digest=digest)


def as_file(protocol: Protocol) -> dict[str, Any]:
    """Return what the protocol's file says, key by key, with every value as the text that stands there."""
    return {
        "protocol": protocol.treatment,
        "title": dict(sorted(protocol.title.items())),
        "duration": str(protocol.duration),
        "steps": [step_as_file(step) for step in protocol.steps],
    }


def step_as_file(step: Step) -> dict[str, Any]:
    """Return what the file says of one step; what is as by default is left out."""
    channels = [channel.value for channel in step.channels]
    care = step.purpose is Purpose.CARE
    said = {
        "id": step.id,
        **_timing(step),
        "channels": {"first_of": channels} if step.first_of else channels,
        "template": step.template if step.template != step.id else None,
        "purpose": None if care else step.purpose.value,
        "useful_for": str(step.useful_for) if step.useful_for else None,
        "if_late": None if step.if_late is IfLate.COLLAPSE else step.if_late.value,
        "ask": step.ask,
        "remind": {"after": str(step.remind.after), **_at(step.remind.at)} if step.remind else None,
        "unless": sorted(step.unless) or None,
        "closures": _CLOSURES[step.defer_on_closures] if step.defer_on_closures is care else None,
        "kind": step.kind,
        "advice": {advice.tag: str(advice.span or ALWAYS) for advice in step.advice} or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _timing(step: Step) -> dict[str, Any]:
    match step.timing:
        case Before(span, at):
            return {"before": str(span), **_at(at)}
        case After(span, at):
            return {"after": str(span), **_at(at)}
        case Between(start, end, prefer, on, at):
            days = {"on": [day.name.lower() for day in sorted(on)]} if len(on) < len(Weekday) else {}
            return {"between": {"from": str(start), "to": str(end), "prefer": str(prefer)}, **days, **_at(at)}
        case AfterReply(to, triage, wait, at):
            return {"after_reply": {"to": to, "triage": sorted(triage), "wait": str(wait)}, **_at(at)}


def _at(at: time | None) -> dict[str, str]:
    return {"at": f"{at:%H:%M}"} if at else {}
