"""Which fields a refused registration names: `phone, email: both are empty; ends_at: is not after starts_at`."""

from scheduler.services.intake import Field
from scheduler.web.api.problems import Wrong

_NAMES: frozenset[str] = frozenset(Field)


def wrong_fields(text: str) -> tuple[Wrong, ...]:
    """Return each field that the one line of a RegistrationError names, with what is wrong with it."""
    found: list[Wrong] = []
    for part in text.split("; "):
        names, _, detail = part.partition(": ")
        fields = names.split(", ")
        if detail and all(it in _NAMES for it in fields):
            found += [Wrong("body", name, detail) for name in fields]
        elif found:  # a semicolon within a sentence
            last = found.pop()
            found.append(Wrong(last.place, last.field, f"{last.detail}; {part}"))
        else:
            found.append(Wrong("body", "body", part, at=()))
    return tuple(found)
