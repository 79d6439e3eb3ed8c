"""What config/approvals/<treatment>.yaml may say: records that `aftercare approve` appends, never edited by hand."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from scheduler.protocols.approvals import SUM_LENGTH, Approval
from scheduler.protocols.blocks import Block
from scheduler.protocols.faults import Fault, refusal
from scheduler.protocols.fields import Id, Line, text_of
from scheduler.protocols.hints import shown

ANEW = "records are appended by `aftercare approve`, and never edited"
_STEP = re.compile(r"[a-z][a-z0-9_]{0,39}(@[a-z][a-z0-9_]{0,39})?", re.ASCII)
_TEXT = re.compile(r"[a-z][a-z0-9_.]{0,80}/[a-z]{2,3}(-[A-Za-z0-9]{2,8})*/(sms|email)", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SUM = re.compile(rf"[0-9a-f]{{{SUM_LENGTH}}}", re.ASCII)


def _like(pattern: re.Pattern[str], what: str) -> tuple[PlainValidator, WithJsonSchema]:
    def read(value: object) -> str:
        text = text_of(value)
        if not pattern.fullmatch(text):
            raise refusal("bad-record", f"is not {what}: {shown(text)}", ANEW)
        return text

    return PlainValidator(read), WithJsonSchema({"type": "string", "pattern": f"^{pattern.pattern}$"})


def read_moment(value: object) -> datetime:
    """Read an instant with its zone, as ISO 8601."""
    text = text_of(value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise refusal("bad-record", f"is not an instant such as 2026-11-22T10:00:00Z: {shown(text)}", ANEW)
    return moment.astimezone(UTC)


Moment = Annotated[datetime, PlainValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Digest = Annotated[str, *_like(_DIGEST, "a digest of 64 figures and letters a to f")]
Sum = Annotated[str, *_like(_SUM, f"a sum of {SUM_LENGTH} figures and letters a to f")]
StepName = Annotated[str, *_like(_STEP, "a step, or step@clinic")]
TextName = Annotated[str, *_like(_TEXT, "a text such as redness_check/fr/sms")]


class ApprovalBlock(Block):
    """One record: who approved what, and when."""

    by: Line = Field(description="Who approved it.")
    role: Line = Field(description="In what role.")
    at: Moment = Field(description="When, in UTC.")
    protocol: Digest = Field(description="The digest of the protocol as it was then.")
    clinics: dict[Id, Digest] = Field(
        default={}, description="The digest of the protocol as each clinic had it that changes it."
    )
    steps: dict[StepName, Digest] = Field(
        default={}, description="The digest of each step, with @clinic where a clinic has it otherwise."
    )
    texts: dict[TextName, Digest] = Field(
        default={}, description="The digest of each text, by template, language and channel."
    )
    sum: Sum = Field(description="What shows that the record was not edited.")


class ApprovalsFile(Block):
    """config/approvals/<treatment>.yaml."""

    approvals: list[ApprovalBlock] = Field(default=[], description="The records, the oldest first.")


def build_approvals(treatment: str, file: ApprovalsFile) -> tuple[Approval, ...]:
    """Return the records of a treatment's file."""
    return tuple(_record(treatment, block) for block in file.approvals)


def edited(treatment: str, file: ApprovalsFile) -> Sequence[Fault]:
    """Return a fault for each record that is not as it was written."""
    return [
        Fault(("approvals", index), "edited-record", f"the record of {block.by} was edited", ANEW)
        for index, block in enumerate(file.approvals)
        if _record(treatment, block).sum != block.sum
    ]


def _record(treatment: str, block: ApprovalBlock) -> Approval:
    return Approval(
        treatment=treatment,
        by=block.by,
        role=block.role,
        at=block.at,
        protocol=block.protocol,
        clinics=block.clinics,
        steps=block.steps,
        texts=block.texts,
    )
