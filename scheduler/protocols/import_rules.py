"""Rules of a clinic's `import`: no column that is two fields, no words that mean two things."""

from collections.abc import Iterator

from scheduler.domain.clinic import Clinic
from scheduler.protocols.faults import Fault

CONSENT = "consent_"
INSTANTS = frozenset({"starts_at", "ends_at"})


def import_faults(clinic: Clinic) -> Iterator[Fault]:
    """Yield what an export would be misread by: a column that is two fields, words that differ in case only."""
    yield from _columns_twice(clinic)
    for block, mapping in (("treatments", clinic.imports.treatments), ("statuses", clinic.imports.statuses)):
        words: dict[str, str] = {}
        for word in mapping:
            other = words.setdefault(" ".join(word.split()).casefold(), word)
            if mapping[other] != mapping[word]:
                message = f"is read like “{other}”, which means {mapping[other]}: case does not count"
                yield Fault(("import", block, word), "conflicting-keys", message, "keep one of them")


def _columns_twice(clinic: Clinic) -> Iterator[Fault]:
    fields: dict[str, str] = {}
    columns = clinic.imports.columns
    for key, named in columns.items():
        for column in named:
            other = fields.setdefault(column, key)
            if other == key or _may_share(key, other, same=named == columns[other]):
                continue
            message = f"the column “{column}” is mapped to {other} already"
            yield Fault(("import", "columns", key), "conflicting-keys", message, "map one of them to its own column")
            break


def _may_share(key: str, other: str, *, same: bool) -> bool:
    """Whether two fields may be read from one column: several consents, or the day of the beginning and the end."""
    return (other.startswith(CONSENT) and key.startswith(CONSENT)) or ({key, other} == INSTANTS and not same)
