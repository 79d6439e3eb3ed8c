"""Plans of an edit as the API takes and shows them."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from scheduler.domain.protocol import Channel
from scheduler.services.plan_making import Planned
from scheduler.web.api.cursors import LONGEST
from scheduler.web.api.fields import Input, Instant, Output, Since, Slug
from scheduler.web.api.jobs_shown import JobShown
from scheduler.web.api.samples_schedules import APPLYING, CHANGES, MADE_PLAN, PLAN_CHOICE, PLANNING

_PIN = r"[A-Za-z0-9][A-Za-z0-9_-]*\.[A-Za-z0-9][A-Za-z0-9_-]*"
_LONGEST_PIN = 130
Pin = Annotated[str, Field(max_length=_LONGEST_PIN, pattern=f"^{_PIN}$")]
Pins = Annotated[
    str | None,
    Field(max_length=2000, pattern=f"^{_PIN}(,{_PIN})*$", description="treatment.step, several with commas between."),
]


class PlanChoice(Input):
    """Which visits are to follow the files, by default all of the key's; `pins`: edits that are left out.

    A key of some clinics names one of them.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PLAN_CHOICE]})

    clinic: Slug | None = None
    treatment: Slug | None = None
    pins: Annotated[list[Pin], Field(max_length=50)] = Field(default_factory=list)


class PlanQuery(Input):
    """The same choice, as it was made."""

    clinic: Slug | None = None
    treatment: Slug | None = None
    pins: Pins = None

    @property
    def pinned(self) -> list[str]:
        """The edits that are left out, each as treatment.step."""
        return self.pins.split(",") if self.pins else []


class ChangesQuery(PlanQuery):
    """The same choice, and the page."""

    cursor: Annotated[
        str | None, Field(min_length=1, max_length=LONGEST, description="`next` of the page before.")
    ] = None


class Applying(PlanChoice):
    """Exactly which plan: `made_at` is that of the one that was read."""

    model_config = ConfigDict(json_schema_extra={"examples": [APPLYING]})

    made_at: Since


class MadePlanShown(Output):
    """A plan; `edits`, `totals` and `beside` are as `aftercare plan --json` has them. It touches so many `clinics`.

    `changes` is how many visits have messages that change; `notes` of an edit say what to know before it is applied.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [MADE_PLAN]})

    made_at: Instant
    by: str
    clinics: list[str]
    edits: list[dict[str, Any]]
    totals: dict[str, Any]
    beside: dict[str, Any]
    unpriced: list[str]
    unreadable: list[str]
    changes: int

    @classmethod
    def of(cls, it: Planned) -> Self:
        """Show a plan."""
        return cls(
            made_at=it.made_at,
            by=it.by,
            clinics=list(it.clinics),
            edits=[{**edit, "notes": list(notes)} for edit, notes in zip(it.edits, it.notes, strict=True)],
            totals=dict(it.totals),
            beside=dict(it.beside),
            unpriced=list(it.unpriced),
            unreadable=list(it.unreadable),
            changes=it.rows.count,
        )


class PlanningShown(Output):
    """How the work on a plan stands, null where none was begun by the files of now; and the plan as it was made last.

    A process of the service knows only what it worked out itself since it was started.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PLANNING]})

    clinic: str | None
    treatment: str | None
    pins: list[str]
    job: JobShown | None
    plan: MadePlanShown | None


class ChangeShown(Output):
    """What becomes of one message; `message` null: it is new."""

    message: int | None
    step: str
    channel: Channel
    occurrence: int
    change: str
    before: Instant | None = Field(alias="from")
    after: Instant | None = Field(alias="to")
    reason: str


class ChangesShown(Output):
    """What changes for one visit."""

    model_config = ConfigDict(json_schema_extra={"examples": [CHANGES]})

    appointment: int
    clinic: str
    treatment: str
    starts_at: Instant
    changes: list[ChangeShown]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Show a row of a plan; the codes of its reasons are said already, in the sentence."""
        changes = [{name: value for name, value in it.items() if name != "reasons"} for it in row["changes"]]
        return cls.model_validate({**row, "changes": changes})
