"""Schedules as the API shows them."""

from typing import Any, Self

from pydantic import ConfigDict, Field

from scheduler.domain.protocol import Channel
from scheduler.protocols.approvals import Approval
from scheduler.protocols.edit_words import words_of
from scheduler.protocols.problems import Problem, Severity
from scheduler.protocols.written import step_as_file
from scheduler.services.desk import Desk
from scheduler.services.planner import InFlightEdit
from scheduler.services.schedule_pages import ScheduleLine, SchedulePage
from scheduler.services.step_pages import AdviceLine, StepPage, TextState
from scheduler.web.api.fields import Instant, Output
from scheduler.web.api.samples_schedules import PROBLEM, PROBLEMS, SCHEDULE, SCHEDULE_IN_FULL


class EditShown(Output):
    """An edit that so many visits in flight do not follow yet, of which clinics; `what` in the words of the file."""

    treatment: str
    step: str
    edit: str
    what: list[str]
    clinics: list[str]
    in_flight: int

    @classmethod
    def of(cls, it: InFlightEdit) -> Self:
        """Show an edit."""
        edit = it.edit
        return cls(
            treatment=edit.treatment,
            step=edit.step,
            edit=edit.kind.value,
            what=list(words_of(edit)),
            clinics=list(it.clinics),
            in_flight=it.visits,
        )


class ScheduleShown(Output):
    """One protocol: `own` are the clinics that have it otherwise; `approved` of `parts` steps and texts are approved.

    `in_flight` are the visits that go by it at the clinics of the key.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [SCHEDULE]})

    id: str
    title: dict[str, str]
    own: list[str]
    in_flight: int
    approved: int
    parts: int
    edits: list[EditShown]
    errors: int
    warnings: int

    @classmethod
    def of(cls, line: ScheduleLine) -> Self:
        """Show a protocol."""
        same = ("in_flight", "approved", "parts", "errors", "warnings")
        return cls.model_validate(
            {
                **{name: getattr(line, name) for name in same},
                "id": line.protocol.treatment,
                "title": dict(line.protocol.title),
                "own": list(line.own),
                "edits": [EditShown.of(it) for it in line.edits],
            }
        )


class SchedulesShown(Output):
    """All protocols."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [SCHEDULE]}]})

    items: list[ScheduleShown]


class ApprovedShown(Output):
    """Who approved something as it is."""

    by: str
    role: str
    at: Instant

    @classmethod
    def of(cls, it: Approval) -> Self:
        """Show it."""
        return cls(by=it.by, role=it.role, at=it.at)


class TextShown(Output):
    """A text of a step; an email's is approved together with its advice. `fault`: why it can't be read."""

    name: str
    language: str
    channel: Channel
    approved: list[ApprovedShown]
    fault: str | None

    @classmethod
    def of(cls, it: TextState) -> Self:
        """Show a text."""
        approved = [ApprovedShown.of(one) for one in it.approved]
        return cls(name=it.name, language=it.language, channel=it.channel, approved=approved, fault=it.fault or None)


class SourceShown(Output):
    """A fact that an advice rests on, with the marks of where it is from."""

    id: str
    says: str
    when: str
    marks: list[str]


class AdviceShown(Output):
    """An advice in every language; `for` null: it holds always."""

    tag: str
    text: dict[str, str]
    holds: str | None = Field(alias="for")
    sources: list[SourceShown]

    @classmethod
    def of(cls, it: AdviceLine) -> Self:
        """Show an advice."""
        sources = [SourceShown(id=one.id, says=one.says, when=one.when, marks=list(one.marks)) for one in it.sources]
        said = {"tag": it.tag, "text": dict(it.text), "for": str(it.span) if it.span else None, "sources": sources}
        return cls.model_validate(said)


class StepShown(Output):
    """One step: `file` is what the protocol's file says of it."""

    id: str
    file: dict[str, Any]
    approved: list[ApprovedShown]
    texts: list[TextShown]
    advice: list[AdviceShown]

    @classmethod
    def of(cls, it: StepPage) -> Self:
        """Show a step."""
        return cls(
            id=it.step.id,
            file=step_as_file(it.step),
            approved=[ApprovedShown.of(one) for one in it.approved],
            texts=[TextShown.of(one) for one in it.texts],
            advice=[AdviceShown.of(one) for one in it.advice],
        )


class ProblemShown(Output):
    """One fault of a file; `file` is relative to the folder of the configuration, or of the templates."""

    model_config = ConfigDict(json_schema_extra={"examples": [PROBLEM]})

    severity: Severity
    code: str
    file: str
    line: int
    column: int
    key: str
    message: str
    hint: str

    @classmethod
    def of(cls, it: Problem, desk: Desk) -> Self:
        """Show a fault."""
        folders = (desk.settings.config_dir, desk.settings.templates_dir)
        file = next((it.file.relative_to(one).as_posix() for one in folders if it.file.is_relative_to(one)), None)
        same = ("severity", "code", "line", "column", "key", "message", "hint")
        return cls.model_validate({**{name: getattr(it, name) for name in same}, "file": file or it.file.name})


class ScheduleInFull(Output):
    """A protocol as one clinic has it. `is_own`: otherwise than the others."""

    model_config = ConfigDict(json_schema_extra={"examples": [SCHEDULE_IN_FULL]})

    id: str
    title: dict[str, str]
    clinic: str
    is_own: bool
    in_flight: int
    steps: list[StepShown]
    edits: list[EditShown]
    problems: list[ProblemShown]

    @classmethod
    def of(cls, page: SchedulePage, desk: Desk) -> Self:
        """Show a protocol."""
        return cls(
            id=page.protocol.treatment,
            title=dict(page.protocol.title),
            clinic=page.clinic.id,
            is_own=page.is_own,
            in_flight=page.in_flight,
            steps=[StepShown.of(it) for it in page.steps],
            edits=[EditShown.of(it) for it in page.edits],
            problems=[ProblemShown.of(it, desk) for it in page.problems],
        )


class ProblemsShown(Output):
    """What was found at `checked_at`, null before the first check; `going_on`: files were edited since.

    Files with errors are not taken: `works_by_those_of` says since when the service works by those of before.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PROBLEMS]})

    checked_at: Instant | None
    going_on: bool
    works_by_those_of: Instant | None
    items: list[ProblemShown]
