"""How a clinic's export is read: which columns hold which field, and what its words mean to us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import iso
from scheduler.errors import RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import nearest, shown, suggest
from scheduler.protocols.import_fields import MAY_BE_LOST, NEEDED
from scheduler.services.arriving import our_status, read_booking, treatment_if_known
from scheduler.services.exports.ages import read_age
from scheduler.services.exports.dates import Dates
from scheduler.services.exports.looks import is_of_a_person, refuse_rows_as_header
from scheduler.services.exports.phones import read_file_phone
from scheduler.services.intake import CallOff, Field, Registration, read_call_off
from scheduler.services.ways import Ways

Mapped = Mapping[Field, tuple[str, ...]]
_IDS = (Field.EXTERNAL_ID, Field.PATIENT_ID)
_LOST_WITHOUT = frozenset(map(Field, MAY_BE_LOST))
_PLAIN_WORDS = (Field.TREATMENT, Field.STATUS, Field.NAME, Field.LANGUAGE)
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
        said = read_call_off(raw, self.clinic, ways=self._ways)
        named = treatment_if_known(raw.get(Field.TREATMENT, ""), self.clinic, self.configuration)
        return replace(said, treatment=named) if said and named else said

    def registration(self, raw: Mapping[Field, str]) -> Registration:
        """Return what a row registers. Raises RegistrationError with all that is wrong."""
        try:
            return read_booking(raw, self.clinic, self.configuration, ways=self._ways)
        except RegistrationError:
            self._refuse_shifted(raw)
            raise

    def _refuse_shifted(self, raw: Mapping[Field, str]) -> None:
        """Raise RegistrationError, which quotes nothing, where a row that can't be read has its cells elsewhere."""
        for key in _PLAIN_WORDS:
            if is_of_a_person(raw.get(key, ""), [self.clinic.country]):
                raise RegistrationError(
                    f"{key}: has an address, a number or a date: do the cells of this row stand under the header?",
                    code="cells_shifted",
                    field=key.value,
                )

    @property
    def _ways(self) -> Ways:
        dates = self.dates
        return Ways(lambda text, _: dates.visit(text), read_file_phone, lambda text, _: read_age(dates, text))


def mapped_columns(clinic: Clinic) -> frozenset[str]:
    """Return the columns that a clinic's exports may have; our fields' own names where nothing is mapped."""
    return frozenset(column for named in _mapping(clinic).values() for column in named)


def find_columns(place: str, header: Sequence[str], clinic: Clinic, configuration: Configuration) -> Columns:
    """Find the columns of a file in its header, which stands at `place`: file and line.

    Raises RegistrationError where one is missing without which something would be lost, see `_must_be_there`. Others
    that are missing get a warning.
    """
    mapped = _mapping(clinic)
    if not clinic.imports.columns:
        mapped = {key: named for key, named in mapped.items() if named[0] in header}
    there = {key: named for key, named in mapped.items() if all(column in header for column in named)}
    used = {column for named in there.values() for column in named}
    unused = [column for column in header if column not in used]
    missing = [(key, column) for key, named in mapped.items() for column in named if column not in header]
    for key, column in sorted(missing, key=lambda it: not _is_needed(it[0], there)):
        halved = any(other in header for other in mapped[key])
        if halved or nearest(column, unused) or _must_be_there(key, there, clinic):
            refuse_rows_as_header(place, header, [clinic.country])
            may_lack = key in _LOST_WITHOUT and not halved
            raise _missing(place, key, column, unused, clinic, may_lack=may_lack)
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


def _must_be_there(key: Field, there: Mapped, clinic: Clinic) -> bool:
    """Whether a file that lacks a field is refused: every row needs it, or something would be lost in silence.

    A cancellation, a no to texts, the id by which a visit is known again: an export may only lack what the clinic's
    file calls optional.
    """
    return _is_needed(key, there) or (key in _LOST_WITHOUT and key not in clinic.imports.optional)


def _is_needed(key: Field, there: Mapped) -> bool:
    """Whether it is one of those of which every row needs one, and none is there."""
    return any(key in group and not any(Field(it) in there for it in group) for group in NEEDED)


def _missing(
    place: str, key: Field, column: str, unused: Sequence[str], clinic: Clinic, *, may_lack: bool
) -> RegistrationError:
    like = suggest(column, unused) or f"there are {shown(', '.join(unused)) or 'no others'}"
    or_else = f", or, if your exports may lack it, name {key} under import.optional" if may_lack else ""
    return RegistrationError(
        f"{place}: no column “{column}” for {key} in the header ({like}): "
        f"rename it there, or map {key} anew under import.columns of clinic {clinic.id}{or_else}",
        code="column_missing",
        column=column,
        field=key.value,
    )


def _refuse_without(there: Mapped, place: str, header: Sequence[str], clinic: Clinic) -> None:
    """Raise RegistrationError where nothing holds what every registration needs."""
    for group in NEEDED:
        if not any(Field(key) in there for key in group):
            refuse_rows_as_header(place, header, [clinic.country])
            columns = shown(", ".join(header))
            raise RegistrationError(
                f"{place}: no column for {' or '.join(group)} in the header ({columns}): "
                f"map one under import.columns of clinic {clinic.id}; `aftercare import --guess` proposes how",
                code="column_needed",
                field=group[0],
            )
