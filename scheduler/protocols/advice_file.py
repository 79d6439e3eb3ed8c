"""What config/advice.yaml may say: the tags of advice that steps name, and how an end is said in each language."""

from typing import Annotated, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from scheduler.domain.advice import AdviceTag, Catalogue
from scheduler.domain.spans import Span
from scheduler.protocols.addresses import Language
from scheduler.protocols.blocks import Block, repeated
from scheduler.protocols.faults import Fault, refuse_all
from scheduler.protocols.fields import Id, Line, text_of
from scheduler.protocols.times import read_span

ALWAYS = "always"


def read_range(value: object) -> Span | None:
    """Read how long an advice holds: a length of time, counted from the visit, or `always` (None)."""
    return None if text_of(value) == ALWAYS else read_span(value)


Range = Annotated[
    Span | None,
    PlainValidator(read_range),
    WithJsonSchema({"type": "string", "pattern": rf"^({ALWAYS}|\d{{1,4}}\s*(mo|m|h|d|w))$"}),
]


class TagBlock(Block):
    """One advice."""

    text: dict[Language, Line] = Field(
        min_length=1, description="The advice in each language, so that `until …` can follow it: no full stop."
    )
    against: list[Id] = Field(
        default=[], description="Tags that can't be followed together with this one; said on one side is enough."
    )
    sources: list[Line] = Field(default=[], description="The rows of the sources that it rests on.")


class UntilBlock(Block):
    """How the end of an advice is said."""

    day: dict[Language, Line] = Field(min_length=1, description="Its end is a day: has `{day}` in it.")
    time: dict[Language, Line] = Field(
        min_length=1, description="Its end is a time of day: has `{day}` and `{time}` in it."
    )

    @model_validator(mode="after")
    def _have_their_places(self) -> Self:
        wanted = {"day": (self.day, ("{day}",)), "time": (self.time, ("{day}", "{time}"))}
        refuse_all(
            [
                Fault((key, language), "bad-text", f"has no {place} in it", "that is where it is put in")
                for key, (texts, places) in wanted.items()
                for language, text in texts.items()
                for place in places
                if text.count(place) != 1
            ]
        )
        return self


class AdviceFile(Block):
    """config/advice.yaml."""

    until: UntilBlock = Field(description="How the end of an advice is said, in each language.")
    tags: dict[Id, TagBlock] = Field(
        min_length=1, description="tag: {text, against, sources}, in the order in which patients read them."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults: list[Fault] = []
        for name, tag in self.tags.items():
            path = ("tags", name, "against")
            faults += repeated(path, tag.against)
            faults += [
                Fault((*path, index), "unknown-tag", f"there is no tag {other}", "it names another tag of this file")
                for index, other in enumerate(tag.against)
                if other not in self.tags or other == name
            ]
        refuse_all(faults)
        return self


def build_catalogue(file: AdviceFile) -> Catalogue:
    """Return the catalogue as the domain takes it."""
    tags = {name: AdviceTag(tag.text, frozenset(tag.against), tuple(tag.sources)) for name, tag in file.tags.items()}
    return Catalogue(tags, file.until.day, file.until.time)
