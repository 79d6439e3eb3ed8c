"""What clinicians approved, as values: records of config/approvals/*.yaml, and what they say together.

A step is approved for its treatment by its digest, a text by its name and digest: an edit of either needs approval
anew, and taking the edit back is approved still.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from scheduler.domain.advice import Catalogue
from scheduler.domain.protocol import Channel, Step
from scheduler.protocols.digest import digest_of

SUM_LENGTH = 16
_ADVICE = "advice."


@dataclass(frozen=True, slots=True)
class Approval:
    """One record: at `at` (aware UTC) somebody approved these versions of a treatment's steps and texts.

    `protocol` is the digest of the protocol's file then, `clinics` those of the clinics that override it. `steps` are
    named `step`, or `step@clinic` where a clinic has it otherwise, `texts` as `text_name` says.
    """

    treatment: str
    by: str
    role: str
    at: datetime
    protocol: str
    clinics: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def sum(self) -> str:
        """What shows that a record is no longer as it was written."""
        at = self.at.astimezone(UTC).isoformat()
        said = [self.treatment, self.by, self.role, at, self.protocol, self.clinics, self.steps, self.texts]
        text = json.dumps([dict(it) if isinstance(it, Mapping) else it for it in said], sort_keys=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:SUM_LENGTH]


@dataclass(frozen=True, slots=True)
class Approvals:
    """All records, the oldest first. `steps` has (treatment, digest), `texts` (name, digest). Make it with `of`."""

    records: tuple[Approval, ...] = ()
    steps: frozenset[tuple[str, str]] = frozenset()
    texts: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, records: Iterable[Approval]) -> "Approvals":
        """Return what these records say together."""
        ordered = tuple(sorted(records, key=lambda it: it.at))
        return cls(
            ordered,
            frozenset((it.treatment, digest) for it in ordered for digest in it.steps.values()),
            frozenset(pair for it in ordered for pair in it.texts.items()),
        )

    def of_step(self, treatment: str, digest: str) -> tuple[Approval, ...]:
        """Return who approved that version of a step, the first first."""
        return tuple(it for it in self.records if it.treatment == treatment and digest in it.steps.values())

    def of_text(self, name: str, digest: str) -> tuple[Approval, ...]:
        """Return who approved that version of a text, the first first."""
        return tuple(it for it in self.records if it.texts.get(name) == digest)


# Digests are asked for at each send, of few steps; a step is told from another by all that it says.
@lru_cache(maxsize=4096)
def step_digest(step: Step) -> str:
    """Return the digest under which a step is approved."""
    return digest_of(step)


def text_name(template: str, language: str, channel: Channel) -> str:
    """Return what a text is called in records: redness_check/fr/sms."""
    return f"{template}/{language}/{channel.value}"


def is_advice(name: str) -> bool:
    """Whether a text's name is that of an advice's sentence."""
    return name.startswith(_ADVICE)


def advice_name(tag: str, language: str) -> str:
    """Return what the sentence of a tag of advice is called in records: advice.no_sun/fr/email.

    It is a text of its own: emails say it where they have {{ advice }}. No template has a point in its name.
    """
    return text_name(f"{_ADVICE}{tag}", language, Channel.EMAIL)


def advice_digest(catalogue: Catalogue, tag: str, language: str) -> str:
    """Return the digest of what patients read for a tag in a language, with how its end is said."""
    known = catalogue.tags.get(tag)
    said = [known.text.get(language) if known else None]
    said += [catalogue.until_day.get(language), catalogue.until_time.get(language)]
    return hashlib.sha256(json.dumps(said).encode("ascii")).hexdigest()
