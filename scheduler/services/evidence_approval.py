"""In which approved version something was sent: who had approved it by then, found by its digest in the records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.domain.advice import Catalogue
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.protocols.approvals import Approval, advice_digest, advice_name, step_digest, text_name
from scheduler.protocols.configuration import Configuration
from scheduler.services.merged_wording import common_template
from scheduler.store.attempts import Attempt
from scheduler.store.messages import Message

APPROVED, LATER, NOT = "approved", "approved later", "not approved"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Says of hand-overs by which records they were approved."""

    configuration: Configuration

    def step(self, treatment: str, protocol: Protocol | None, step: Step | None, at: datetime) -> Mapping[str, Any]:
        """Return which version of a step it was, and who had approved it at `at`."""
        if protocol is None or step is None:
            return {"protocol": None, "digest": None, **_standing((), at)}
        digest = step_digest(step)
        records = self.configuration.approvals.of_step(treatment, digest)
        return {"protocol": protocol.digest, "digest": digest, **_standing(records, at)}

    def texts(
        self, message: Message, attempt: Attempt, step: Step | None, spoke_for: Sequence[Step | None] = ()
    ) -> list[Mapping[str, Any]]:
        """Return which texts a hand-over said, and who had approved them: the step's, then those of its advice.

        `spoke_for` are the steps that it said too, None for one of a version that is not kept.
        """
        language, digest = message.language or "", attempt.text_digest
        names = [text_name(it, language, message.channel) for it in _templates(message, step, spoke_for)]
        found = [(name, self.configuration.approvals.of_text(name, digest)) for name in names] if digest else []
        name, records = next((it for it in found if it[1]), (names[0], ()))
        said: list[Mapping[str, Any]] = [{"name": name, "digest": digest, **_standing(records, attempt.started_at)}]
        if step and message.channel is Channel.EMAIL:
            tags = dict.fromkeys(advice.tag for it in (step, *spoke_for) if it for advice in it.advice)
            said += self._advice(tags, language, attempt)
        return said

    def _advice(self, tags: Iterable[str], language: str, attempt: Attempt) -> Iterator[Mapping[str, Any]]:
        """Yield the advice. Its digest is known where what was sent has the sentence as it is today."""
        catalogue = self.configuration.advice
        for tag in tags:
            name = advice_name(tag, language)
            is_same = _says(attempt.body, catalogue, tag, language)
            digest = advice_digest(catalogue, tag, language) if is_same else None
            records = self.configuration.approvals.of_text(name, digest) if digest else ()
            yield {"name": name, "digest": digest, **_standing(records, attempt.started_at)}


def _templates(message: Message, step: Step | None, spoke_for: Sequence[Step | None]) -> tuple[str, ...]:
    """Return the folder that the text is of; two where what it spoke for is not known well enough to tell."""
    if step is None:
        return (message.step,)
    others = [it for it in spoke_for if it]
    if len(others) < len(spoke_for):
        return step.template, step.merges_as
    return (common_template([step, *others]),)


def _says(body: str, catalogue: Catalogue, tag: str, language: str) -> bool:
    sentence = catalogue.tags[tag].text.get(language) if tag in catalogue.tags else None
    # Lines of a plain text are wrapped.
    return sentence is not None and " ".join(sentence.split()) in " ".join(body.split())


def _standing(records: Iterable[Approval], at: datetime) -> Mapping[str, Any]:
    """Say how a version stood at an instant, and name the record that says so: the last by then, else the first."""
    known = tuple(records)
    before = [it for it in known if it.at <= at]
    record = before[-1] if before else next(iter(known), None)
    standing = APPROVED if before else LATER if known else NOT
    signed = {"by": record.by, "role": record.role, "at": record.at} if record else None
    return {"standing": standing, "record": signed}
