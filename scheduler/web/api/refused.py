"""Which fields a refused registration names: `phone, email: both are empty; ends_at: is not after starts_at`."""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.services.intake import Field
from scheduler.web.api.problems import Wrong

_NAMES: frozenset[str] = frozenset(Field)
_OF_CODES: Mapping[str | None, str] = MappingProxyType(
    {"key_end": "expires_at", "key_reads": "permissions", "bad_login": "login", "bad_name": "name"}
)
"""The fields that refusals are about whose line names none."""


def wrong_fields(text: str, code: str | None = None) -> tuple[Wrong, ...]:
    """Return each field that the one line of a RegistrationError names, what is wrong with it, and what to do."""
    found: list[Wrong] = []
    for part in text.split("; "):
        names, _, detail = part.partition(": ")
        fields = names.split(", ")
        if detail and all(it in _NAMES for it in fields):
            what, _, hint = detail.partition(": ")
            found += [Wrong("body", name, what, hint or None) for name in fields]
        elif found:  # a semicolon within a sentence
            last = found.pop()
            found.append(Wrong(last.place, last.field, *_longer(last, part)))
        else:
            found.append(Wrong("body", _OF_CODES.get(code, "body"), part))
    return tuple(found)


def _longer(last: Wrong, part: str) -> tuple[str, str | None]:
    """Return what is wrong and what to do, with a part of the line that belonged to the last of them."""
    return (last.detail, f"{last.hint}; {part}") if last.hint else (f"{last.detail}; {part}", None)
