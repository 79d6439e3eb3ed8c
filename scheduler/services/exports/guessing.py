"""Proposes how an export is mapped: by its header, by what its cells look like, by the presets.

Nothing of a person leaves this module: names of columns, treatments and words for statuses are all that is proposed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from scheduler.domain.protocol import Protocol
from scheduler.errors import RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.import_fields import NEEDED
from scheduler.protocols.preset_file import Preset, every_preset
from scheduler.services.exports import known_words
from scheduler.services.exports.best_columns import Seen, best_columns
from scheduler.services.exports.header_words import likely_columns, says_called_off
from scheduler.services.exports.known_presets import nearest_preset
from scheduler.services.exports.looks import look, order_of, refuse_rows_as_header
from scheduler.services.exports.opening import read_export
from scheduler.services.exports.proposal import ForDates, ForField, ForWord, Proposal, Sure
from scheduler.services.exports.table import Table, Wanted
from scheduler.services.intake import Field

SAMPLE = 1000
"""So many rows are looked at."""
ADDED = (
    Field.PATIENT_ID, Field.LANGUAGE, Field.TIMEZONE, Field.CONSENT_SMS, Field.CONSENT_EMAIL, Field.CONSENT_MARKETING,
    Field.UPDATED_AT,
)  # fmt: skip
"""Fields that a booking system leaves to its clinic's own questions: looked for beside a preset's columns."""
TOLD: Mapping[Field, str] = {
    Field.EXTERNAL_ID: "external_id: no column has an id of the appointment: a moved one will look like a new one",
    Field.STATUS: "status: no column says whether an appointment was cancelled: cancel it in Aftercare",
    Field.UPDATED_AT: "updated_at: no column says when a booking was last changed: import exports in their order",
}
"""What a clinic has to know of a field that is not there."""


def wanted(presets: Sequence[Preset]) -> Wanted:
    """Return what an export is opened by of which nothing is known: names that its columns may have."""
    return Wanted(likely_columns().union(*(preset.mapped for preset in presets)))


def propose(configuration: Configuration, clinic: str, name: str, data: bytes) -> Proposal:
    """Return a proposal for a file that a clinic brought. Raises RegistrationError where it can't be read."""
    presets = every_preset()
    guesser = Guesser(clinic, [configuration.clinic(clinic).country], configuration.protocols, presets)
    return guesser.propose(read_export(data, name, wanted(presets)))


def propose_for(configuration: Configuration, clinic: str, name: str, data: bytes) -> Proposal | None:
    """Return a proposal for a file that a clinic brought; None where it can't be read, or nothing of it is known."""
    try:
        proposal = propose(configuration, clinic, name, data)
    except RegistrationError:
        return None
    return proposal if proposal.preset or proposal.columns else None


@dataclass(frozen=True, slots=True)
class Guesser:
    """Proposes mappings for a clinic, or for any where it is not said whose export it is."""

    clinic: str
    countries: Sequence[str]
    protocols: Mapping[str, Protocol]
    presets: Sequence[Preset]

    def propose(self, table: Table) -> Proposal:
        """Return a proposal for a file. Raises RegistrationError where its first line names no columns."""
        rows = list(islice((row.cells for row in table.rows() if row.problem is None), SAMPLE))
        seen = [self._seen(column, rows) for column in dict.fromkeys(table.columns) if column]
        refuse_rows_as_header(table.place, [one.column for one in seen], self.countries)
        found = nearest_preset(self.presets, table.columns)
        preset = found.preset if found else None
        columns = self._beside(preset, seen) if preset else best_columns(seen)
        every = _mapped(preset, columns)
        said = _cells(every.get(Field.TREATMENT, ()), rows)
        treatments = known_words.treatments(said, self.protocols)
        return Proposal(
            file=table.name,
            clinic=self.clinic,
            rows=table.total,
            preset=preset.name if preset else "",
            preset_why=found.why if found else "",
            columns=columns,
            dates=_dates(preset, every, rows),
            treatments=treatments,
            statuses=_statuses(preset, every.get(Field.STATUS, ()), rows),
            missing=tuple(group for group in NEEDED if not any(Field(key) in every for key in group)),
            told=(*(text for field, text in TOLD.items() if field not in every), *_unlisted(treatments, said)),
            protocols=tuple(sorted(self.protocols)),
            unused=tuple(one.column for one in seen if not any(one.column in named for named in every.values())),
        )

    def _seen(self, column: str, rows: Sequence[Mapping[str, str]]) -> Seen:
        return Seen(column, look((row.get(column, "") for row in rows), self.countries), len(rows))

    def _beside(self, preset: Preset, seen: Sequence[Seen]) -> tuple[ForField, ...]:
        """Return what the columns that the preset does not know hold, of what a clinic may have added."""
        others = [one for one in seen if one.column not in preset.header]
        return tuple(one for one in best_columns(others) if one.field in ADDED and one.field not in preset.columns)


def _unlisted(treatments: Sequence[ForWord], said: Sequence[str]) -> Iterator[str]:
    if said and not treatments:
        yield "treatments: the column has too many different texts to be a list: map them under import.treatments"


def _mapped(preset: Preset | None, columns: Sequence[ForField]) -> dict[Field, tuple[str, ...]]:
    known = {Field(key): named for key, named in preset.columns.items()} if preset else {}
    return known | {one.field: one.columns for one in columns}


def _cells(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the joined cells of a field, without empty ones."""
    joined = (" ".join(filter(None, (row.get(column, "").strip() for column in columns))) for row in rows)
    return [cell for cell in joined if cell]


def _statuses(
    preset: Preset | None, columns: Sequence[str], rows: Sequence[Mapping[str, str]]
) -> tuple[ForWord, ...]:
    cells = _cells(columns, rows)
    if preset is None and any(says_called_off(column) for column in columns):
        return known_words.called_off(cells)
    return known_words.statuses(cells, preset)


def _dates(
    preset: Preset | None, mapped: Mapping[Field, tuple[str, ...]], rows: Sequence[Mapping[str, str]]
) -> ForDates | None:
    """Return which of day and month comes first, None where no date could mean two days or the preset says it."""
    if preset and preset.dates:
        return None
    dated = (Field.STARTS_AT, Field.ENDS_AT, Field.UPDATED_AT)
    cells = [cell for field in dated for cell in _cells(mapped.get(field, ()), rows)]
    order = order_of(cells)
    if order is None:
        return None
    if order.name:
        return ForDates(order.name, Sure.SURE, f"{order.proven} of {order.of} dates can't be read otherwise")
    return ForDates("", Sure.ASK, f"all {order.of} can be read either way: look at one in the booking system")
