"""The check-in form of a patient's page: what was sent, what is wrong with it, and the words that are triaged."""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.domain.triage import Triage, Verdict
from scheduler.web.forms import Form, first

MOST = 2000
"""Characters of a patient's own words."""
DIRECTIONS = ("better", "same", "worse")
CONCERN = frozenset({"same", "redness", "swelling", "pain", "warmth"})
URGENT = frozenset({"worse", "growing", "strong_pain", "pus", "fever", "blisters", "rash", "bleeding", "patches"})
"""What a person sees at once, whatever the words beside it say: the signs for which clinics ask to be called."""
_FORM_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer was not taken; `field` is the id of the element that mends it."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a patient chose, ticked and wrote. A form that is sent twice has the same `form_id` both times."""

    form_id: str
    direction: str = ""
    signs: tuple[str, ...] = ()
    words: str = field(default="", repr=False)

    def problems(self, words: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Return what the patient has to mend. Whatever says something is taken: nobody in trouble is turned away."""
        return tuple(self._problems(words["checkin"]))

    def text(self, words: Mapping[str, Any]) -> str:
        """Return the answer as the clinic's team reads it, in the language of the page."""
        parts = [words["checkin"][self.direction]] if self.direction else []
        parts += [words["symptoms"][sign] for sign in self.signs]
        return "\n".join([*(f"{part}." for part in parts), *([self.words[:MOST]] if self.words else [])])

    def ticked(self, words: Mapping[str, Any]) -> Verdict | None:
        """Return the least that the answer counts as, with the choices that make it so; None where none is bad."""
        chosen = {it: words["symptoms"][it] for it in self.signs}
        chosen |= {self.direction: words["checkin"][self.direction]} if self.direction else {}
        for kind, of_kind in ((Triage.URGENT, URGENT), (Triage.CONCERN, CONCERN)):
            if because := tuple(label for it, label in chosen.items() if it in of_kind):
                return Verdict(kind, because)
        return None

    def _problems(self, said: Mapping[str, str]) -> Iterator[Problem]:
        if not (self.direction or self.signs or self.words):
            yield Problem("better", said["nothing"])
        if len(self.words) > MOST and not (self.direction or self.signs):
            yield Problem("words", said["too_long"].format(most=MOST))


def blank() -> CheckIn:
    """Return a form that nobody has filled in, with an id of its own."""
    return CheckIn(secrets.token_urlsafe(16))


def read_checkin(form: Form, words: Mapping[str, Any]) -> CheckIn | None:
    """Read what was sent; None for what our form can't have sent."""
    form_id, direction = first(form, "form"), first(form, "direction")
    signs = form.get("sign", [])
    known = words["symptoms"]
    if not _FORM_ID.fullmatch(form_id) or direction not in (*DIRECTIONS, "") or any(it not in known for it in signs):
        return None
    written = first(form, "words").replace("\r\n", "\n").strip()
    return CheckIn(form_id, direction, tuple(key for key in known if key in signs), written)
