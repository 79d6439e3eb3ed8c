"""The page that shows evidence: one file that asks no other host for anything, light and dark, on paper too."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

_WAYS = {"sms": "SMS"}


def evidence_page(data: Mapping[str, Any]) -> str:
    """Return evidence (see `services.evidence`) as HTML; times are wall-clock times of its `timezone`."""
    zone = ZoneInfo(data["timezone"])

    def local(at: datetime) -> str:
        return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M:%S}"

    pages = Environment(
        loader=PackageLoader("scheduler.content", ""),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"local": local, "utc": _utc, "words": _words, "way": lambda name: _WAYS.get(name, name)}
    return pages.get_template("evidence.html.j2").render(it=data)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _words(name: str) -> str:
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]
