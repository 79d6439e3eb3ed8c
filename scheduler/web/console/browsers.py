"""Says in two words what a browser calls itself, so that people know their own sessions from others."""

import re

_PROGRAMS = (
    ("Edge", "Edg"),
    ("Opera", "OPR"),
    ("Samsung Internet", "SamsungBrowser"),
    ("Firefox", "Firefox|FxiOS"),
    ("Chrome", "Chrome|CriOS|Chromium"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac", "Mac OS X|Macintosh"),
    ("ChromeOS", "CrOS"),
    ("Linux", "Linux"),
)


def browser(agent: str) -> str:
    """Return the program and the system of a User-Agent line, "" for one that says neither."""
    found = [
        next((name for name, marks in known if re.search(marks, agent[:400])), "") for known in (_PROGRAMS, _SYSTEMS)
    ]
    return ", ".join(filter(None, found))
