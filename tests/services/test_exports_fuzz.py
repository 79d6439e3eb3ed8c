"""Whatever stands in a file: a report or one clear line, never another error, never half a registration."""

import zipfile
from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.errors import RegistrationError
from scheduler.services.exports.importing import Importer, ImportReport
from scheduler.services.exports.opening import read_export
from scheduler.services.exports.table import Wanted
from scheduler.services.registration import Result
from scheduler.store.tables import appointments, messages, patients
from tests.services.exports import ANN, HEADER, LEO, ZOE
from tests.services.exports_player import EXPORTS
from tests.services.house import House
from tests.services.workbooks import packed, parts, sheet, texts

SIGNS = "aZé,;|\t\"'\r\n\0\x0b\u2028\ufeff=_x0000_ÿ"
WANTED = Wanted(frozenset(HEADER.split(",")))
WORKBOOK = parts(sheet(texts(*(row.replace(",", "|") for row in (HEADER, ZOE, ANN)))), strings="<si><t>Zoë</t></si>")
REAL = [it.read_bytes() for it in sorted(EXPORTS.iterdir()) if it.suffix in (".csv", ".txt", ".xlsx")]

LITTLE = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MUCH = settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(MUCH, max_examples=800)

any_bytes = st.binary(max_size=400) | st.text(SIGNS, max_size=120).map(lambda it: it.encode())
any_encoded = st.builds(
    lambda text, codec: text.encode(codec, errors="replace"),
    st.text(SIGNS, max_size=120),
    st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman", "utf-8-sig"]),
)
any_cell = st.sampled_from(
    [*ZOE.split(","), *ANN.split(","), "cancelled", "Called off", "B-1", "1.4E10", ""]
) | st.text(SIGNS, max_size=12)
any_row = st.lists(any_cell, min_size=11, max_size=13).map(",".join) | st.sampled_from([ZOE, ANN, LEO])
any_csv = st.builds(
    lambda above, rows: "\n".join([*above, HEADER, *rows]).encode(errors="replace"),
    st.lists(st.text(SIGNS, max_size=10), max_size=2),
    st.lists(any_row, max_size=6),
)
any_attribute = st.sampled_from(
    ['r="A1"', 'r="B2"', 'r="2"', 'r="-1"', 't="s"', 't="n"', 't="d"', 's="9"', 't="e"', 'hidden="1"']
)
any_element = st.recursive(
    st.text("ab12.E-_x<&", max_size=6),
    lambda inner: st.builds(
        lambda name, more, inside: f"<{name} {' '.join(set(more))}>{''.join(inside)}</{name}>",
        st.sampled_from(["row", "c", "v", "f", "is", "t", "si", "rPh", "mergeCell", "xf", "numFmt", "sheet"]),
        st.lists(any_attribute, max_size=2),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)


any_part = any_element.map(sheet) | any_element | st.text(max_size=30).map(lambda it: f"<a>{it}</a>")


@st.composite
def any_workbook(draw: st.DrawFn) -> bytes:
    """Return a workbook with another part, or without one, or with other bytes."""
    found: dict[str, str | bytes] = dict(WORKBOOK)
    name = draw(st.sampled_from(sorted(found)))
    found[name] = draw(st.just(found[name]) | st.binary(max_size=60) | any_part)
    if draw(st.booleans()):
        del found[draw(st.sampled_from(sorted(found)))]
    return spoilt(packed(found, method=draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))), draw)


def spoilt(data: bytes, draw: st.DrawFn) -> bytes:
    """Return bytes with a few of them changed, some cut off."""
    changed = bytearray(data)
    places = st.integers(0, max(0, len(data) - 1))
    for place, byte in draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        changed[place] = byte
    return bytes(changed[: draw(st.just(len(data)) | st.integers(0, len(data)))])


@st.composite
def any_spoilt(draw: st.DrawFn) -> bytes:
    """Return a real export with a few bytes changed."""
    return spoilt(draw(st.sampled_from(REAL)), draw)


any_file = any_bytes | any_encoded | any_csv | any_workbook() | any_spoilt()


def read_it(data: bytes) -> None:
    """Read a file: its rows are in their order and have all columns, or one line says why not."""
    for wanted in (Wanted(), WANTED, Wanted(WANTED.columns, "utf-16"), Wanted(encoding="windows-1252")):
        try:
            table = read_export(data, "any.csv", wanted)
            rows = list(table.rows())
        except RegistrationError as refused:
            refuse_lines(refused)
            continue
        lines = [row.line for row in rows]
        assert (lines, len(rows)) == (sorted(set(lines)), table.total)
        assert all(row.problem or set(row.cells) == set(table.columns) for row in rows)
        assert all("\n" not in (row.problem or "") for row in rows)


def refuse_lines(refused: RegistrationError) -> None:
    """Fail where an error has more than one line."""
    assert "\n" not in str(refused)


def import_it(house: House, data: bytes) -> None:
    """Import a file into a clinic: each row is a whole visit or nothing, and a second time none of them is new."""
    before = counted(house)
    done = imported(house, data)
    after = counted(house)
    new = [row for row in done.rows if row.result is Result.REGISTERED] if done else []
    assert after["visits"] - before["visits"] == len(new)
    assert after["bare"] == 0
    again = imported(house, data)
    assert counted(house) == after
    assert (again is None) == (done is None)
    if again:
        assert again.totals["registered"] == 0


def imported(house: House, data: bytes) -> ImportReport | None:
    importer = Importer(house.store, house.configuration, house.clock, house.configuration.clinic("north"))
    try:
        table = importer.read("any.csv", data)
        tried, report = importer.take(table, dry_run=True), importer.take(table)
    except RegistrationError as refused:
        refuse_lines(refused)
        return None
    assert [(row.row, row.result) for row in tried.rows] == [(row.row, row.result) for row in report.rows]
    return report


def counted(house: House) -> Mapping[str, int]:
    """Count visits, people, and visits without a plan."""
    planned = sa.select(messages.c.appointment_id)
    asked = {
        "visits": sa.select(sa.func.count()).select_from(appointments),
        "people": sa.select(sa.func.count()).select_from(patients),
        "bare": sa.select(sa.func.count()).select_from(appointments).where(appointments.c.id.not_in(planned)),
    }
    with house.store.read() as tx:
        return {name: int(tx.connection.execute(query).scalar_one()) for name, query in asked.items()}


@LITTLE
@given(any_file)
def test_any_file_is_rows_or_one_line(data: bytes) -> None:
    read_it(data)


def test_any_file_is_registered_whole_row_by_row_or_not_at_all(house: House) -> None:
    given(any_csv | any_spoilt())(LITTLE(lambda data: import_it(house, data)))()


@pytest.mark.long
@MUCH
@given(any_file)
def test_any_file_at_all_is_rows_or_one_line(data: bytes) -> None:
    read_it(data)


@pytest.mark.long
def test_any_file_at_all_is_registered_whole_row_by_row_or_not_at_all(any_house: House) -> None:
    given(any_csv | any_spoilt())(SOME(lambda data: import_it(any_house, data)))()
