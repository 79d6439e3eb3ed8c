"""How a clinic's export is read: which column holds which field, and what its words mean to us."""

from collections.abc import Mapping
from dataclasses import dataclass

from scheduler.domain.clinic import Clinic
from scheduler.errors import RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import nearest, shown, suggest
from scheduler.protocols.import_fields import NEEDED
from scheduler.services.arriving import our_status, read_booking
from scheduler.services.csvfile import CsvFile, CsvRow
from scheduler.services.intake import CallOff, Field, Registration, read_call_off


@dataclass(frozen=True, slots=True)
class Columns:
    """Reads the rows of one file of a clinic; `of` says which column holds which field."""

    of: Mapping[Field, str]
    clinic: Clinic
    configuration: Configuration
    warnings: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """The columns that nothing is read from."""

    def fields(self, row: CsvRow) -> dict[Field, str]:
        """Return what a row says, by field, its status in our words where the clinic's file maps it."""
        raw = {key: row.cells[column] for key, column in self.of.items()}
        if Field.STATUS in raw:
            raw[Field.STATUS] = our_status(raw[Field.STATUS], self.clinic)
        return raw

    def call_off(self, raw: Mapping[Field, str]) -> CallOff | None:
        """Return what calls a visit off by its id, None for anything else."""
        return read_call_off(raw, self.clinic)

    def registration(self, raw: Mapping[Field, str]) -> Registration:
        """Return what a row registers. Raises RegistrationError with all that is wrong."""
        return read_booking(raw, self.clinic, self.configuration, dates=self.clinic.imports.dates)


def find_columns(name: str, file: CsvFile, clinic: Clinic, configuration: Configuration) -> Columns:
    """Find the columns of a file; without a mapping of the clinic the fields' own names are the columns.

    Raises RegistrationError where one that every registration needs is missing, or one that is mapped looks
    renamed: a status that is not read would be a cancellation missed. Others that are missing get a warning.
    """
    mapping = clinic.imports.columns or {key: key for key in Field if key in file.columns}
    mapped = {Field(key): column for key, column in mapping.items()}
    there = {key: column for key, column in mapped.items() if column in file.columns}
    missing = {key: column for key, column in mapped.items() if key not in there}
    unused = [column for column in file.columns if column not in there.values()]
    for key, column in missing.items():
        if nearest(column, unused) or not _does_without(key, there):
            raise RegistrationError(
                f"{name}:1: no column “{column}” for {key} in the header ({suggest(column, unused)}): "
                f"rename it there, or map {key} anew under import.columns of clinic {clinic.id}"
            )
    for group in NEEDED:
        if not any(Field(key) in there for key in group):
            columns = shown(", ".join(file.columns))
            raise RegistrationError(
                f"{name}:1: no column for {' or '.join(group)} in the header ({columns}): "
                f"map one under import.columns of clinic {clinic.id}"
            )
    warnings = tuple(
        f"{name}:1: no column “{column}” in the header: {key} is taken as not known for all rows"
        for key, column in missing.items()
    )
    return Columns(there, clinic, configuration, warnings, tuple(column for column in unused if column))


def _does_without(key: Field, there: Mapping[Field, str]) -> bool:
    """Whether a file can be read without that field: no group of needed ones is left empty."""
    return all(any(Field(other) in there for other in group) for group in NEEDED if key in group)
