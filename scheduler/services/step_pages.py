"""One step as people look at it: its texts with who approved them, its advice with what that rests on."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from scheduler.content.faults import TemplateFaultError
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.domain.spans import Span
from scheduler.protocols.approvals import Approval, step_digest, text_name
from scheduler.protocols.folder import SOURCES, own_or_shipped
from scheduler.protocols.reading import read_sources
from scheduler.services.approver import Approver
from scheduler.services.desk import Desk
from scheduler.services.planner import InFlightEdit


@dataclass(frozen=True, slots=True)
class TextState:
    """A text of a step in one language and channel; `fault` says why it can't be read, "" for one that can."""

    language: str
    channel: Channel
    name: str
    approved: tuple[Approval, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A fact that an advice rests on: the sources' words in ours, for when, and their marks."""

    id: str
    says: str
    when: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdviceLine:
    """An advice of a step: its words by language, how long it holds (None: always), and what it rests on."""

    tag: str
    text: MappingProxyType[str, str]
    span: Span | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class StepPage:
    """One step. `approved`: who approved it as it is; `edit`: what those in flight do not follow yet."""

    step: Step
    approved: tuple[Approval, ...]
    texts: tuple[TextState, ...]
    advice: tuple[AdviceLine, ...]
    edit: InFlightEdit | None

    @property
    def is_approved(self) -> bool:
        """Whether the step and all its texts are."""
        return bool(self.approved) and all(it.approved for it in self.texts)


def step_page(desk: Desk, clinic: Clinic, protocol: Protocol, step: Step, edit: InFlightEdit | None) -> StepPage:
    """Return one step as a clinic has it."""
    approvals = desk.configuration.approvals
    approver = desk.approver
    texts = [_text(approver, step, channel, language) for language in clinic.languages for channel in step.channels]
    return StepPage(
        step,
        approvals.of_step(protocol.treatment, step_digest(step)),
        tuple(texts),
        _advice(desk, step),
        edit,
    )


def _text(approver: Approver, step: Step, channel: Channel, language: str) -> TextState:
    """Return a text with who approved it; an email's is approved together with its advice."""
    name = text_name(step.template, language, channel)
    try:
        said = tuple(approver.said(step, channel, language))
    except TemplateFaultError as error:
        return TextState(language, channel, name, (), str(error))
    records = [approver.configuration.approvals.of_text(*it) for it in said]
    return TextState(language, channel, name, records[0] if all(records) else ())


def _advice(desk: Desk, step: Step) -> tuple[AdviceLine, ...]:
    if not step.advice:
        return ()
    catalogue, rows = desk.configuration.advice, sources(desk.settings.config_dir)
    found = []
    for advice in step.advice:
        tag = catalogue.tags[advice.tag]
        rests_on = tuple(rows[it] for it in tag.sources if it in rows)
        found.append(AdviceLine(advice.tag, MappingProxyType(dict(tag.text)), advice.span, rests_on))
    return tuple(found)


def sources(config_dir: Path) -> MappingProxyType[str, Source]:
    """Return what sources.yaml says, by row; nothing where it can't be read: the check says why."""
    file = own_or_shipped(config_dir, SOURCES)
    try:
        return _sources(file, file.stat().st_mtime_ns)
    except OSError:
        return MappingProxyType({})


@lru_cache(maxsize=4)
def _sources(file: Path, _modified: int) -> MappingProxyType[str, Source]:
    read = read_sources(file).value
    rows = read.rows if read else {}
    return MappingProxyType({name: Source(name, it.says, it.when, tuple(it.marks)) for name, it in rows.items()})
