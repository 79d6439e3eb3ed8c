"""What somebody typed into a form, sealed so that it may stand in an address until it is saved.

So the page of it can be reloaded and gone back to, and no address bar, log or proxy learns anything of a patient.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.domain.access import Caller
from scheduler.errors import KeysError
from scheduler.store.sealed_text import LONGEST, sealed_text, unsealed_text
from scheduler.store.vault import Vault

OPEN_FOR = timedelta(hours=2)
"""How long such an address works."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """Seals what one caller typed, and reads it back for the same one only."""

    vault: Vault = field(repr=False)

    def seal(self, typed: Mapping[str, str], caller: Caller, *, now: datetime) -> str | None:
        """Return the token of a draft; None where it is too long for an address."""
        given = {name: value for name, value in typed.items() if value}
        text = json.dumps([given, int((now + OPEN_FOR).timestamp())], ensure_ascii=False, separators=(",", ":"))
        token = sealed_text(self.vault, text, of=_of(caller))
        return token if len(token) <= LONGEST else None

    def open(self, token: str, caller: Caller, *, now: datetime) -> Mapping[str, str] | None:
        """Return what was typed, without the empty fields; None for a token that is over, another's or none."""
        try:
            given, until = json.loads(unsealed_text(self.vault, token, of=_of(caller)))
        except (KeysError, ValueError):
            return None
        return given if now.timestamp() < until else None


def _of(caller: Caller) -> str:
    return f"draft.{caller.kind}.{caller.id}"
