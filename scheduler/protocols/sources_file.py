"""What config/sources.yaml may say: where each thing that the texts say comes from, a row per fact."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, PlainValidator, model_validator

from scheduler.protocols.blocks import Block, repeated
from scheduler.protocols.faults import Fault, refuse_all
from scheduler.protocols.fields import Id, Line, choice, one_of
from scheduler.protocols.hints import suggest

ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "usual": "What is usual",
        "advice": "What to do and to leave out",
        "call": "When to call the clinic",
        "emergency": "The emergency number first",
    }
)
"""What a row may be about, and the heading that the page of sources gives it."""

AboutField = Annotated[str, PlainValidator(choice({name: name for name in ABOUT})), one_of(ABOUT)]


class RowBlock(Block):
    """One fact, in words of our own."""

    about: AboutField = Field(description="What the fact is about.")
    when: Line = Field(description="From when, until when or how long.")
    says: Line = Field(description="What the sources say; where they disagree, that.")
    marks: list[Line] = Field(min_length=1, description="The marks of the sources that say it.")


class SourcesFile(Block):
    """config/sources.yaml."""

    marks: dict[Line, Line] = Field(min_length=1, description="mark: which source it stands for.")
    rows: dict[Id, RowBlock] = Field(
        min_length=1, description="id: {about, when, says, marks}. advice.yaml names ids."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults: list[Fault] = []
        for name, row in self.rows.items():
            path = ("rows", name, "marks")
            faults += repeated(path, row.marks)
            faults += [
                Fault((*path, index), "unknown-source", f"there is no mark {mark}", suggest(mark, self.marks))
                for index, mark in enumerate(row.marks)
                if mark not in self.marks
            ]
        refuse_all(faults)
        return self
