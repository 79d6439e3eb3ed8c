"""How a clinic's export is read: which columns hold which field, and what its words mean to us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import iso
from scheduler.errors import RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import nearest, shown, suggest
from scheduler.protocols.import_fields import NEEDED
from scheduler.services.arriving import our_status, read_booking
from scheduler.services.exports.ages import read_age
from scheduler.services.exports.dates import Dates
from scheduler.services.exports.phones import read_file_phone
from scheduler.services.intake import CallOff, Field, Registration, read_call_off
from scheduler.services.ways import Ways

Mapped = Mapping[Field, tuple[str, ...]]
_IDS = (Field.EXTERNAL_ID, Field.PATIENT_ID)
_NO_ID = frozenset({"-", "--", "\u2013", "\u2014", "?", "n/a", "none", "null", "nan"})
"""What exports write where there is no id: taken for one, all who lack one would be the same."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Reads the rows of one file of a clinic; `of` says which columns hold which field."""

    of: Mapped
    clinic: Clinic
    configuration: Configuration
    dates: Dates
    warnings: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """The columns that nothing is read from."""

    def fields(self, cells: Mapping[str, str]) -> dict[Field, str]:
        """Return what a row says, by field: its cells joined, the status in our words, a range as its two ends."""
        raw = {key: " ".join(filter(None, (cells[it].strip() for it in named))) for key, named in self.of.items()}
        if not self._says_end(cells):
            raw.pop(Field.ENDS_AT, None)
        raw.update({key: "" for key in _IDS if raw.get(key, "").casefold() in _NO_ID})
        if Field.STATUS in raw:
            raw[Field.STATUS] = our_status(raw[Field.STATUS], self.clinic)
        if not raw.get(Field.ENDS_AT) and (ends := self.dates.ends(raw.get(Field.STARTS_AT, ""))):
            raw[Field.STARTS_AT], raw[Field.ENDS_AT] = map(iso, ends)
        return raw

    def _says_end(self, cells: Mapping[str, str]) -> bool:
        """Whether a row has more of an end than the day that it shares with the beginning."""
        shared = self.of.get(Field.STARTS_AT, ())
        return any(cells[column].strip() for column in self.of.get(Field.ENDS_AT, ()) if column not in shared)

    def call_off(self, raw: Mapping[Field, str]) -> CallOff | None:
        """Return what calls a visit off by its id, None for anything else."""
        return read_call_off(raw, self.clinic, ways=self._ways)

    def registration(self, raw: Mapping[Field, str]) -> Registration:
        """Return what a row registers. Raises RegistrationError with all that is wrong."""
        return read_booking(raw, self.clinic, self.configuration, ways=self._ways)

    @property
    def _ways(self) -> Ways:
        dates = self.dates
        return Ways(lambda text, _: dates.read(text), read_file_phone, lambda text, _: read_age(dates, text))


def mapped_columns(clinic: Clinic) -> frozenset[str]:
    """Return the columns that a clinic's exports may have; our fields' own names where nothing is mapped."""
    return frozenset(column for named in _mapping(clinic).values() for column in named)


def find_columns(place: str, header: Sequence[str], clinic: Clinic, configuration: Configuration) -> Columns:
    """Find the columns of a file in its header, which stands at `place`: file and line.

    Raises RegistrationError where one that every registration needs is missing, or one that is mapped looks
    renamed: a status that is not read would be a cancellation missed. Others that are missing get a warning.
    """
    mapped = _mapping(clinic)
    if not clinic.imports.columns:
        mapped = {key: named for key, named in mapped.items() if named[0] in header}
    there = {key: named for key, named in mapped.items() if all(column in header for column in named)}
    used = {column for named in there.values() for column in named}
    unused = [column for column in header if column not in used]
    missing = [(key, column) for key, named in mapped.items() for column in named if column not in header]
    for key, column in missing:
        halved = any(other in header for other in mapped[key])
        if halved or nearest(column, unused) or not _does_without(key, there):
            raise RegistrationError(
                f"{place}: no column “{column}” for {key} in the header ({_like(column, unused)}): "
                f"rename it there, or map {key} anew under import.columns of clinic {clinic.id}",
                code="column_missing",
                column=column,
                field=key.value,
            )
    _refuse_without(there, place, header, clinic)
    warnings = tuple(
        f"{place}: no column “{column}” in the header: {key} is taken as not known for all rows"
        for key, column in missing
    )
    return Columns(
        there, clinic, configuration, Dates.of(clinic), warnings, tuple(dict.fromkeys(filter(None, unused)))
    )


def _mapping(clinic: Clinic) -> Mapped:
    mapping = clinic.imports.columns
    return {Field(key): named for key, named in mapping.items()} if mapping else {key: (key.value,) for key in _OURS}


_OURS = tuple(key for key in Field if key is not Field.CLINIC)


def _like(column: str, unused: Sequence[str]) -> str:
    """Say which column may be meant, else which there are."""
    return suggest(column, unused) or f"there are {shown(', '.join(unused)) or 'no others'}"


def _refuse_without(there: Mapped, place: str, header: Sequence[str], clinic: Clinic) -> None:
    """Raise RegistrationError where nothing holds what every registration needs."""
    for group in NEEDED:
        if not any(Field(key) in there for key in group):
            columns = shown(", ".join(header))
            raise RegistrationError(
                f"{place}: no column for {' or '.join(group)} in the header ({columns}): "
                f"map one under import.columns of clinic {clinic.id}; `aftercare import --guess` proposes how",
                code="column_needed",
                field=group[0],
            )


def _does_without(key: Field, there: Mapped) -> bool:
    """Whether a file can be read without that field: no group of needed ones is left empty."""
    return all(any(Field(other) in there for other in group) for group in NEEDED if key in group)
