"""What there is to approve of a treatment, what is approved of it by whom, and approving it. Needs no database."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from scheduler.content.faults import TemplateFaultError
from scheduler.content.templates import FOOTER, Texts
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.protocols.approvals import Approval, is_advice, step_digest
from scheduler.protocols.approvals_writing import append_approval
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.folder import ADVICE, own_or_shipped
from scheduler.protocols.problems import Problem
from scheduler.services.approver import Approver, Said


class Part(StrEnum):
    """What a clinician reads and approves."""

    STEP = "step"
    """When something is sent, on which channels, and what becomes of it when it is late."""
    TEXT = "text"
    """What a patient reads, in one language, on one channel."""


@dataclass(frozen=True, slots=True)
class Item:
    """One step or text of a treatment as it is now; `approved` are the records that have it, the first first.

    `file` is where a text lies, None for a step. Of a step that a clinic has otherwise the name ends with @clinic.
    """

    part: Part
    name: str
    digest: str
    approved: tuple[Approval, ...]
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """Who approves, in what role, and when (aware UTC)."""

    by: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Approving:
    """Approves what files say."""

    configuration: Configuration
    texts: Texts

    def items(self, treatment: str) -> tuple[Item, ...]:
        """Return all of a treatment: its steps in their order, as clinics have them too, then the texts they use.

        A text that can't be read is left out. Raises ConfigError for a treatment without a protocol.
        """
        if treatment not in self.configuration.protocols:
            clinic = next(iter(self.configuration.clinics))
            self.configuration.protocol_for(clinic, treatment)  # says which is meant
        return (*self._steps(treatment), *self._texts(treatment))

    def missing(self) -> tuple[int, int]:
        """Return how many steps and texts are not approved, and how many there are; what is shared counts once."""
        found = {
            (treatment if it.part is Part.STEP else "", it.name, it.digest): it
            for treatment in self.configuration.protocols
            for it in self.items(treatment)
        }
        return sum(not it.approved for it in found.values()), len(found)

    def approve(self, config_dir: Path, treatment: str, signer: Signer) -> tuple[Path | None, tuple[Item, ...]]:
        """Put on record that somebody approved a treatment as it is; return the file and what is new in it.

        What the same person has approved in the same role before is not written again: (None, ()) where that is all.
        Raises ConfigError, ConflictError.
        """
        new = tuple(it for it in self.items(treatment) if not _has_signed(it, signer))
        if not new:
            return None, ()
        approval = Approval(
            treatment=treatment,
            by=signer.by,
            role=signer.role,
            at=signer.at.replace(microsecond=0),
            protocol=self.configuration.protocols[treatment].digest,
            clinics={clinic: protocol.digest for clinic, protocol in self._overrides(treatment)},
            steps={it.name: it.digest for it in new if it.part is Part.STEP},
            texts={it.name: it.digest for it in new if it.part is Part.TEXT},
        )
        return append_approval(config_dir, approval), new

    def faults(self, treatment: str, problems: Sequence[Problem], config_dir: Path) -> list[Problem]:
        """Return the errors among these problems that are in what would be approved."""
        mine = self.files(treatment, config_dir)
        return [it for it in problems if it.severity == "error" and it.file in mine]

    def files(self, treatment: str, config_dir: Path) -> frozenset[Path]:
        """Return the files that say what a treatment is: its protocol, its texts, the advice, the emails' footers."""
        mine = {config_dir / "protocols" / f"{treatment}.yaml", own_or_shipped(config_dir, ADVICE)}
        for _, channel, language, file in self._uses(treatment):
            mine |= {file, self.texts.file("any", language, channel).parent.parent / FOOTER}
        return frozenset(mine)

    def _steps(self, treatment: str) -> Iterator[Item]:
        overrides = self._overrides(treatment)
        for step in self.configuration.protocols[treatment].steps:
            digest = step_digest(step)
            yield self._step(treatment, step.id, digest)
            for clinic, protocol in overrides:
                own = protocol.step(step.id)
                if own and step_digest(own) != digest:
                    yield self._step(treatment, f"{step.id}@{clinic}", step_digest(own))

    def _step(self, treatment: str, name: str, digest: str) -> Item:
        return Item(Part.STEP, name, digest, self.configuration.approvals.of_step(treatment, digest))

    def _texts(self, treatment: str) -> Iterator[Item]:
        seen: set[Said] = set()
        for step, channel, language, file in self._uses(treatment):
            for said in self._said(step, channel, language):
                if said not in seen:
                    seen.add(said)
                    approved = self.configuration.approvals.of_text(*said)
                    own = file.parent.parent / said.name.split("/")[0] / file.name
                    yield Item(Part.TEXT, said.name, said.digest, approved, None if is_advice(said.name) else own)

    def _said(self, step: Step, channel: Channel, language: str) -> Iterator[Said]:
        """Yield what a step says, by itself and as one with other treatments' steps of its kind."""
        approver = Approver(self.configuration, self.texts, live=True)
        with suppress(TemplateFaultError):
            yield from approver.said(step, channel, language)
        if step.merges_as != step.template:
            with suppress(TemplateFaultError):
                yield approver.text(step.merges_as, channel, language)

    def _uses(self, treatment: str) -> Iterator[tuple[Step, Channel, str, Path]]:
        """Yield each step in each channel and language that a clinic sends it, with the file of its text."""
        found: dict[tuple[Step, Channel, str], None] = {}
        for clinic in self.configuration.clinics.values():
            for step in self.configuration.protocol_for(clinic.id, treatment).steps:
                found |= dict.fromkeys((step, channel, it) for it in clinic.languages for channel in step.channels)
        order = {step.id: place for place, step in enumerate(self.configuration.protocols[treatment].steps)}
        for step, channel, language in sorted(found, key=lambda it: (order[it[0].id], it[2], it[1])):
            yield step, channel, language, self.texts.file(step.template, language, channel)

    def _overrides(self, treatment: str) -> list[tuple[str, Protocol]]:
        found = self.configuration.overridden.items()
        return sorted((clinic, protocol) for (clinic, name), protocol in found if name == treatment)


def _has_signed(item: Item, signer: Signer) -> bool:
    return any((it.by, it.role) == (signer.by, signer.role) for it in item.approved)
