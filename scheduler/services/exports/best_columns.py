"""Which column holds which field: each field gets the column that fits it best, none gets two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scheduler.services.exports.header_words import (
    WHOLE,
    fit,
    is_mobile,
    is_of_another,
    is_of_visit,
    says_called_off,
)
from scheduler.services.exports.looks import (
    ANSWER,
    DAY,
    EMAIL,
    KIND,
    LANGUAGE,
    MOMENT,
    MOST,
    PHONE,
    STATUS,
    TIME,
    WORDS,
    ZONE,
    Look,
)
from scheduler.services.exports.proposal import ForField, Sure
from scheduler.services.intake import Field

SAID = {
    EMAIL: "email addresses",
    PHONE: "phone numbers",
    ANSWER: "yes or no",
    LANGUAGE: "languages",
    ZONE: "time zones",
    STATUS: "known words for a status",
    MOMENT: "a date with a time",
}
SOME = 0.3
"""Of the cells of a column that is called like a field so many have to look like it: the rest may be mistakes."""
EMPTY = "is called so; it is empty here"
DOUBT = ", but it may be another column of dates: is it when the appointment begins?"
_NAMED = (Field.TREATMENT, Field.FIRST_NAME, Field.LAST_NAME, Field.NAME, Field.PATIENT_ID)
"""Fields that hold any text: only the column's name tells them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A column, what its cells look like, and how many rows were looked at."""

    column: str
    look: Look
    rows: int

    def says(self, what: str) -> str:
        """Say how many of its cells are of a kind."""
        count, filled = self.look.counts[what], self.look.filled
        if not filled:
            return EMPTY
        if count == filled:
            return f"{SAID[what]} in {f'all {count} cells' if count > 1 else 'its only cell'}"
        return f"{SAID[what]} in {count} of {filled} cells"

    def may_be(self, what: str, field: Field) -> bool:
        """Whether it may hold a field whose cells are of a kind: by them, or by its name where they allow it."""
        if self.look.has(what):
            return not _of_another(self, field)
        some = not self.look.filled or self.look.share(what) >= SOME
        return some and fit(self.column, field) == WHOLE


def best_columns(seen: Sequence[Seen]) -> tuple[ForField, ...]:
    """Return what is found, in the order in which a clinic's file has it."""
    free = list(seen)
    found: dict[Field, ForField] = {}
    for one in _in_turn(free):
        found[one.field] = one
        if one.field is not Field.ENDS_AT:  # it may share the day with the beginning
            free[:] = [other for other in free if other.column not in one.columns]
    if Field.NAME in found:
        found.pop(Field.FIRST_NAME, None)
        found.pop(Field.LAST_NAME, None)
    return tuple(found[field] for field in _ORDER if field in found)


_ORDER = (
    Field.EXTERNAL_ID, Field.PATIENT_ID, Field.STARTS_AT, Field.ENDS_AT, Field.NAME, Field.FIRST_NAME,
    Field.LAST_NAME, Field.PHONE, Field.EMAIL, Field.LANGUAGE, Field.TIMEZONE, Field.TREATMENT, Field.STATUS,
    Field.CONSENT_SMS, Field.CONSENT_EMAIL, Field.CONSENT_MARKETING, Field.UPDATED_AT,
)  # fmt: skip


def _in_turn(free: list[Seen]) -> Iterator[ForField]:
    """Yield field after field, the ones that cells prove first; `free` shrinks meanwhile."""
    for field in (Field.EMAIL, Field.PHONE, Field.TIMEZONE):
        yield from _by_cells(free, field)
    yield from _changed(free)
    yield from _moments(free)
    for field in (Field.CONSENT_MARKETING, Field.CONSENT_SMS, Field.CONSENT_EMAIL, Field.LANGUAGE):
        yield from _by_cells(free, field)
    yield from _status(free)
    for field in _NAMED:
        yield from _by_name(free, field)
    yield from _external_id(free)


def _by_cells(free: Sequence[Seen], field: Field) -> Iterator[ForField]:
    """Yield the column whose cells are of the field's kind; its name decides between several."""
    kind = KIND[field]
    needs_name = kind in (ANSWER, LANGUAGE)  # many things are yes or no, and short words may be languages
    fitting = [
        (
            one.look.has(kind),
            field is Field.PHONE and fit(one.column, field) > 0 and is_mobile(one.column),
            fit(one.column, field),
            one.look.share(kind),
            -index,
            one,
        )
        for index, one in enumerate(free)
        if one.may_be(kind, field) or (not needs_name and fit(one.column, field) == WHOLE)
    ]
    if not fitting:
        return
    _, _, named, _, _, best = max(fitting)
    if needs_name and not named:
        return
    sure = Sure.SURE if named and best.look.share(kind) == 1 else Sure.LIKELY
    yield ForField(field, (best.column,), sure, best.says(kind))


def _of_another(one: Seen, field: Field) -> bool:
    """Whether a column is by its name something else: a number of ten digits may be an id, too."""
    named = fit(one.column, field)
    is_id = any(fit(one.column, other) for other in (Field.EXTERNAL_ID, Field.PATIENT_ID))
    return named < WHOLE and (is_of_another(one.column) or (is_id and not named))


def _by_name(free: Sequence[Seen], field: Field) -> Iterator[ForField]:
    fitting = [
        (fit(one.column, field), one.look.share(WORDS), -index, one)
        for index, one in enumerate(free)
        if fit(one.column, field) and not _is_certainly_else(one)
    ]
    if not fitting:
        return
    named, _, _, best = max(fitting)
    sure = Sure.SURE if named == WHOLE and best.look.filled else Sure.LIKELY
    why = "is called so" if named == WHOLE else "its name has the word"
    yield ForField(field, (best.column,), sure, why if best.look.filled else EMPTY)


def _is_certainly_else(one: Seen) -> bool:
    return any(one.look.has(kind) for kind in (EMAIL, PHONE, MOMENT, DAY, TIME))


def _status(free: Sequence[Seen]) -> Iterator[ForField]:
    named = [one for one in free if fit(one.column, Field.STATUS) and not _is_certainly_else(one)]
    if named:
        best = max(named, key=lambda one: (one.look.share(STATUS), fit(one.column, Field.STATUS)))
        known = best.look.has(STATUS)
        yield ForField(
            Field.STATUS,
            (best.column,),
            Sure.SURE if known else Sure.LIKELY,
            best.says(STATUS) if known or not best.look.filled else "is called so",
        )
        return
    called_off = [one for one in free if says_called_off(one.column) and one.look.share(ANSWER) >= SOME]
    for one in called_off[:1]:
        yield ForField(Field.STATUS, (one.column,), Sure.LIKELY, f"{one.says(ANSWER)}: yes for what was called off")


def _external_id(free: Sequence[Seen]) -> Iterator[ForField]:
    """Yield the column of ids; one in which an id comes again is that of a series or of a patient, not of a visit."""
    for one in sorted(free, key=lambda one: -fit(one.column, Field.EXTERNAL_ID)):
        look = one.look
        if not fit(one.column, Field.EXTERNAL_ID) or _is_certainly_else(one):
            return
        if look.filled == look.distinct and look.filled >= MOST * one.rows:
            several = look.filled > 1
            why = f"no two of {look.filled} cells are alike" if several else "is called so"
            yield ForField(Field.EXTERNAL_ID, (one.column,), Sure.SURE if several else Sure.LIKELY, why)
            return


def _changed(free: Sequence[Seen]) -> Iterator[ForField]:
    """Yield when a booking was changed last; a column that is called so and holds names is whose work it was."""
    for one in free:
        look = one.look
        dated = look.counts[MOMENT] + look.counts[DAY]
        if fit(one.column, Field.UPDATED_AT) != WHOLE or dated < look.filled:
            continue
        if look.counts[DAY]:
            yield ForField(Field.UPDATED_AT, (one.column,), Sure.LIKELY, "is called so; days alone tell less")
            return
        why = one.says(MOMENT) if look.filled else EMPTY
        yield ForField(Field.UPDATED_AT, (one.column,), Sure.SURE if look.filled else Sure.LIKELY, why)
        return


def _moments(free: Sequence[Seen]) -> Iterator[ForField]:
    """Yield where the beginning and the end stand: in a column each, or with the day in a column of its own."""
    moments = [one for one in free if one.may_be(MOMENT, Field.STARTS_AT) or one.may_be(MOMENT, Field.ENDS_AT)]
    named = _named_best(moments, Field.STARTS_AT)
    start = named or next((one for one in moments if not fit(one.column, Field.ENDS_AT)), None)
    apart = [*_parted(free)] if start and not is_of_visit(start.column) else []
    if start is None or any(map(is_of_visit, apart[0].columns if apart else ())):
        yield from apart or _parted(free)
        return
    yield _start(start, moments)
    end = _named_best([one for one in moments if one is not start], Field.ENDS_AT)
    if end:
        yield ForField(Field.ENDS_AT, (end.column,), Sure.SURE, end.says(MOMENT))


def _start(start: Seen, moments: Sequence[Seen]) -> ForField:
    """Return the beginning; where another column may be it by its name, that is said."""
    others = [it for it in moments if it is not start and fit(it.column, Field.STARTS_AT)]
    if others:
        return ForField(Field.STARTS_AT, (start.column,), Sure.LIKELY, f"{start.says(MOMENT)}{DOUBT}")
    sure = Sure.SURE if fit(start.column, Field.STARTS_AT) and start.look.share(MOMENT) == 1 else Sure.LIKELY
    return ForField(Field.STARTS_AT, (start.column,), sure, start.says(MOMENT))


def _parted(free: Sequence[Seen]) -> Iterator[ForField]:
    days = [one for one in free if one.look.has(DAY) and not _of_another(one, Field.STARTS_AT)]
    times = [one for one in free if one.look.has(TIME) and not _of_another(one, Field.STARTS_AT)]
    day = _named_best(days, Field.STARTS_AT) or (days[0] if len(days) == 1 else None)
    end = _named_best(times, Field.ENDS_AT)
    rest = [one for one in times if one is not end]
    time = _named_best(rest, Field.STARTS_AT) or (rest[0] if len(rest) == 1 else None)
    if day is None or time is None:
        return
    named = fit(day.column, Field.STARTS_AT) and fit(time.column, Field.STARTS_AT)
    others = [it for it in days if it is not day and fit(it.column, Field.STARTS_AT)]
    why = "one has the day, one the time"
    sure, doubt = (Sure.SURE, "") if named and not others else (Sure.LIKELY, DOUBT if others else "")
    yield ForField(Field.STARTS_AT, (day.column, time.column), sure, f"{why}{doubt}")
    if end:
        yield ForField(Field.ENDS_AT, (day.column, end.column), Sure.SURE, why)


def _named_best(columns: Sequence[Seen], field: Field) -> Seen | None:
    """Return the column whose name fits the field best, the first of several; None where none does."""
    fitting = [one for one in columns if fit(one.column, field)]
    is_start = field is Field.STARTS_AT
    return max(fitting, key=lambda it: (is_start and is_of_visit(it.column), fit(it.column, field)), default=None)
