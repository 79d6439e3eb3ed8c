"""A preset: how the export of one booking system names things, and where that is to be read in public."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated

from pydantic import Field, PlainValidator

from scheduler.errors import ConfigError
from scheduler.protocols.addresses import Url
from scheduler.protocols.blocks import Block
from scheduler.protocols.fields import Line, StatusField, text_of
from scheduler.protocols.import_file import ColumnNames, ImportBlock, ImportDates, ImportField
from scheduler.protocols.presets import FOLDER, preset_names
from scheduler.protocols.source import UnreadableError, read_tree
from scheduler.protocols.times import Day
from scheduler.protocols.wording import read_block


class PresetFile(Block):
    """scheduler/protocols/presets/<name>.yaml."""

    system: Line = Field(description="The booking system, as people call it.")
    export: Line = Field(description="Which of its exports.")
    sources: list[Url] = Field(min_length=1, description="Where the columns were found.")
    read_on: Day = Field(description="The day on which the sources were read.")
    header: list[Line] = Field(min_length=1, description="All columns, in their order.")
    columns: dict[ImportField, ColumnNames] = Field(description="As in `import.columns`.")
    dates: ImportDates | None = Field(default=None, description="As `import.dates`.")
    statuses: dict[Line, StatusField] = Field(default={}, description="As `import.statuses`.")
    notes: Annotated[str, PlainValidator(text_of)] = Field(description="What a clinic has to know.")


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of one export; `columns`: our field -> the columns whose cells are joined by a blank."""

    name: str
    system: str
    export: str
    sources: tuple[str, ...]
    read_on: date
    header: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    dates: str | None
    statuses: Mapping[str, str]
    notes: str

    @property
    def mapped(self) -> frozenset[str]:
        """The columns that are read."""
        return frozenset(column for columns in self.columns.values() for column in columns)


@cache
def preset_of(name: str) -> Preset:
    """Return a preset. Raises ConfigError where its file is not sound: it ships with the product."""
    file = FOLDER / f"{name}.yaml"
    try:
        tree, problems = read_tree(file)
    except UnreadableError as error:
        raise ConfigError(str(error.problem)) from None
    block = None
    if tree is not None:
        block, found = read_block(tree, PresetFile)
        problems = [*problems, *found]
    if block is None or problems:
        raise ConfigError(f"the preset {name} is not sound: {problems[0] if problems else 'it is empty'}")
    return Preset(
        name=name,
        system=block.system,
        export=block.export,
        sources=tuple(block.sources),
        read_on=block.read_on,
        header=tuple(block.header),
        columns=as_tuples(block.columns),
        dates=block.dates,
        statuses=block.statuses,
        notes=block.notes,
    )


def every_preset() -> tuple[Preset, ...]:
    """Return all presets, by name."""
    return tuple(preset_of(name) for name in preset_names())


def as_tuples(columns: Mapping[str, str | list[str]]) -> dict[str, tuple[str, ...]]:
    """Return the columns of each field, one or several, as several."""
    return {key: (named,) if isinstance(named, str) else tuple(named) for key, named in columns.items()}


NAMES = ("name", "first_name", "last_name")
"""They are read together: whoever maps one of them says how names stand in the file."""


def merged_columns(block: ImportBlock, preset: Preset) -> dict[str, tuple[str, ...]]:
    """Return the preset's columns, the clinic's own in their place, field by field."""
    own = as_tuples(block.columns)
    says_names = any(key in own for key in NAMES)
    kept = {key: named for key, named in preset.columns.items() if not (says_names and key in NAMES)}
    return kept | own


def merged_statuses(block: ImportBlock, preset: Preset) -> dict[str, str]:
    """Return the preset's words for statuses, the clinic's own in their place, whatever their case and spacing."""
    own = {" ".join(word.split()).casefold() for word in block.statuses}
    kept = {word: status for word, status in preset.statuses.items() if " ".join(word.split()).casefold() not in own}
    return kept | block.statuses
