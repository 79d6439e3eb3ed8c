"""Workbooks, as spreadsheet programs write them and as nobody should."""

import zipfile
from datetime import datetime

import pytest

from scheduler.errors import RegistrationError
from scheduler.services.exports import workbook
from scheduler.services.exports.figures import SINCE_1900, SINCE_1904, Format, Kind, format_of, text_of
from scheduler.services.exports.opening import read_export
from scheduler.services.exports.table import CELL_LIMIT, Row, Table, Wanted
from tests.services.workbooks import packed, parts, related, sheet, texts

HEADER = "Name|Phone"


def read(data: bytes, *columns: str) -> Table:
    return read_export(data, "export.xlsx", Wanted(frozenset(columns)))


def rows(content: str, *columns: str, **more: str) -> list[Row]:
    table = read(packed(parts(sheet(content), **more)), *columns)
    found = list(table.rows())
    assert (table.total, list(table.rows())) == (len(found), found)
    return found


def refusal(data: bytes, *columns: str) -> str:
    with pytest.raises(RegistrationError) as refused:
        read(data, *columns)
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_cells_stand_where_the_file_says_whatever_is_left_out_between_them() -> None:
    head = '<row r="3"><c r="B3" t="str"><v>Name</v></c><c r="D3" t="str"><v>Phone</v></c></row>'
    body = '<row r="7"><c r="D7"><v>5</v></c></row><row r="9"/>'
    body += '<row><c r="B10" t="str"><v>Ann</v></c><c r="AA10"/></row>'
    assert [(row.line, row.cells) for row in rows(head + body)] == [
        (7, {"": "", "Name": "", "Phone": "5"}),
        (10, {"": "", "Name": "Ann", "Phone": ""}),
    ]


def test_a_text_is_what_a_person_sees_of_it() -> None:
    strings = "<si><t>Name</t></si><si><r><t>Zo</t></r><r><t>ë </t></r><rPh><t>zoe</t></rPh></si>"
    cells = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'
    cells += '<row><c t="str"><v>a_x000A_b_xD800_</v></c></row>'
    assert [row.cells["Name"] for row in rows(cells, strings=strings)] == ["Zoë ", "a\nb_xD800_"]
    true, false = rows(texts("Name") + '<row><c t="b"><v>1</v></c></row><row><c t="b"><v>0</v></c></row>')
    assert (true.cells["Name"], false.cells["Name"]) == ("true", "false")


def test_a_formula_counts_with_its_result_and_one_without_a_result_or_in_error_spoils_its_row() -> None:
    cells = (
        '<row><c t="str"><f>A1</f><v>Ann</v></c></row><row><c><f>1+1</f><v>2</v></c></row><row><c><f>A9</f></c></row>'
        '<row><c t="e"><f>NA()</f><v>#N/A</v></c></row><row><c t="str"><f>""</f><v></v></c><c><v>1</v></c></row>'
    )
    found = rows(texts(HEADER) + cells, "Name", "Phone")
    assert [row.cells.get("Name") for row in found] == ["Ann", "2", None, None, ""]
    assert str(found[2].problem).startswith("has a formula without a result in the column “Name”")
    assert str(found[3].problem).startswith("has #N/A in the column “Name”")


def test_numbers_are_digits_and_days_are_iso_however_they_are_shown() -> None:
    day, time, moment = Format(Kind.DAY), Format(Kind.TIME), Format(Kind.MOMENT)
    for stored, shown_as, text in (
        ("14165550123", Format(), "14165550123"),
        ("14165550123.0", Format(), "14165550123"),
        ("1.4165550123E10", Format(), "14165550123"),
        ("612345678", format_of(164, "0# ## ## ## ##"), "0612345678"),
        ("612345678", format_of(164, "0#\\ ##\\ ##\\ ##\\ ##"), "0612345678"),
        ("14165550123", format_of(164, '"+"0'), "+14165550123"),
        ("4165550123", format_of(164, "(###) ###-####"), "4165550123"),
        ("80.5", format_of(4, None), "80.5"),
        ("16.100000000000001", Format(), "16.1"),
        ("1E-7", Format(), "0.0000001"),
        ("-3", Format(), "-3"),
        ("12345678901234567", Format(), "1.23456789012346E+16"),
        ("nan", Format(), "nan"),
        ("soon", day, "soon"),
        ("46099", format_of(14, None), "2026-03-18"),
        ("46099.4375", format_of(22, None), "2026-03-18 10:30"),
        ("46099.4375", format_of(164, "dd/mm/yyyy"), "2026-03-18 10:30"),
        ("46099", format_of(164, '[$-40C]d" "mmm" "yyyy h:mm'), "2026-03-18 00:00"),
        ("0.4375", format_of(164, "h:mm AM/PM"), "10:30"),
        ("0.437511574074074", time, "10:30:01"),
        ("44637", Format(), "44637"),
        ("44637", format_of(164, "General"), "44637"),
        ("-1", day, "-1"),
        ("1E300", moment, f"{1e300:.14E}"),
    ):
        assert text_of(stored, shown_as, SINCE_1900) == text, (stored, shown_as)
    assert text_of("44637", day, SINCE_1904) == "2026-03-18"
    assert text_of("1", day, SINCE_1900) == "1900-01-01"
    assert text_of("61", day, SINCE_1900) == "1900-03-01"
    assert SINCE_1900 < datetime(1900, 1, 1) < SINCE_1904  # noqa: DTZ001  (wall clocks)


def test_styles_and_the_year_of_the_first_day_come_from_the_workbook() -> None:
    styles = (
        '<numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>'
    )
    body = texts("Day") + '<row><c s="1"><v>44637</v></c></row>'
    (row,) = rows(body, styles=styles, book='<workbookPr date1904="1"/>')
    assert row.cells["Day"] == "2026-03-18"


def test_the_sheet_is_the_first_with_the_mapped_header_and_one_that_is_shown_before_one_that_is_hidden() -> None:
    both = parts(sheet(texts("About", "x")), sheet(texts("Name|Phone", "Ann|1")), sheet(texts("Name", "Bob")))
    assert read(packed(both), "Name").name == "export.xlsx, sheet “Sheet 2”"
    both["xl/workbook.xml"] = both["xl/workbook.xml"].replace('name="Sheet 2"', 'state="hidden" name="Sheet 2"')
    assert read(packed(both), "Name").name == "export.xlsx, sheet “Sheet 3”"
    assert read(packed(both), "Client").columns == ("About",)
    hidden = read(packed(both), "Phone")
    assert hidden.name == "export.xlsx, sheet “Sheet 2”"
    assert "is a hidden sheet" in hidden.warnings[0]


def test_other_sheets_with_the_same_columns_are_told_of() -> None:
    rows = texts("Name|Phone", "Ann|1")
    several = parts(sheet(rows), sheet(rows), sheet(texts("Name|Phone")), sheet(texts("Name", "Bob")), sheet(rows))
    (warning,) = read(packed(several), "Name", "Phone").warnings
    assert "not read: Sheet 2, Sheet 5: save each as a file of its own" in warning
    hidden = {**several, "xl/workbook.xml": several["xl/workbook.xml"].replace("<sheet ", '<sheet state="hidden" ')}
    assert [it for it in read(packed(hidden), "Name", "Phone").warnings if "not read" in it] == []


def test_hidden_rows_and_cells_merged_downwards_are_told_of_and_those_in_titles_are_not() -> None:
    merged = '<mergeCells><mergeCell ref="A1:B2"/><mergeCell ref="A3:B3"/><mergeCell ref="A5:A6"/></mergeCells>'
    body = texts("Title", "", HEADER, "Ann|1").replace("<row>", '<row hidden="1">', 4)
    table = read(packed(parts(sheet(body, merged))), "Name")
    assert [it.partition(": ")[2].partition(" are ")[0] for it in table.warnings] == ["hidden rows (4)", "cells"]
    assert "first at A5" in table.warnings[1]


def test_a_workbook_that_would_fill_the_memory_is_refused_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = parts(sheet(texts(HEADER) + " " * 3_000_000))
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 1_000_000)
    assert "unpacks to more than a workbook" in refusal(packed(bomb))
    monkeypatch.undo()
    monkeypatch.setattr(workbook, "MOST_TEXT", 100)
    many = packed(parts(sheet(texts(HEADER)), strings=f"<si><t>{'x' * 101}</t></si>"))
    assert "more text than a workbook" in refusal(many)
    monkeypatch.undo()
    cell = '<c t="str"><v>' + "x" * 19_000 + "</v></c>"
    assert "more text than a workbook" in refusal(packed(parts(sheet(f"{texts(HEADER)}<row>{cell * 60}</row>"))))
    styles = " " * 17_000_000
    assert "a part of it is larger" in refusal(packed(parts(sheet(texts(HEADER)), styles=styles)))
    far = texts(HEADER) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert [row.line for row in rows(far)] == [1_048_576]
    (row,) = rows(texts(HEADER) + f'<row><c t="str"><v>{"x" * 3 * CELL_LIMIT}</v></c></row>')
    assert row.problem == "has a cell of more than 20,000 characters"


def test_a_damaged_or_hostile_workbook_is_refused_in_one_line() -> None:
    good = parts(sheet(texts(HEADER, "Ann|1")))
    doctype = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    part, row = "xl/worksheets/sheet1.xml", texts(HEADER)
    for changed, said in (
        ({part: doctype + good[part]}, "defines a document type"),
        ({part: good[part][:-20]}, "its XML is damaged"),
        ({part: sheet('<row r="2"/><row r="1"/>')}, "its rows are not in their order"),
        ({part: sheet('<row r="2000000"/>')}, "its rows are not in their order"),
        ({part: sheet('<row r="٣"/>')}, "a number that it counts by is none"),
        ({part: sheet('<row><c r="B1"/><c r="A1"/></row>')}, "its cells are not in their order"),
        ({part: sheet('<row><c r="XFE1"/></row>')}, "its cells are not in their order"),
        ({part: sheet('<row><c r="AAAAAAAAAA1"/></row>')}, "a cell stands in no column"),
        ({part: sheet(row + '<row><c t="s"><v>7</v></c></row>')}, "a cell's text is missing"),
        ({"xl/_rels/workbook.xml.rels": related(("worksheet", "gone.xml"))}, "a part of it is missing"),
        ({"xl/workbook.xml": b"\xff\xfe\x00"}, "its XML is damaged"),
    ):
        assert said in refusal(packed({**good, **changed})), said
    assert "a way that no spreadsheet program uses" in refusal(packed(good, method=zipfile.ZIP_LZMA))
    whole = packed(good)
    for cut in (whole[:-30], b"PK\x03\x04" + whole[120:]):
        assert "it is not whole" in refusal(cut)
    spoilt = bytearray(packed(good, method=zipfile.ZIP_STORED))
    spoilt[spoilt.index(b"Ann")] = 0x42
    assert "it is not whole" in refusal(bytes(spoilt))


def test_another_zip_is_named_for_what_it_is() -> None:
    for found, said in (
        ({"a.csv": "Name"}, "is a ZIP archive: unpack it first"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "of another program"),
        ({"_rels/.rels": related(("officeDocument", "word/document.xml")), "word/document.xml": "<x/>"}, "without"),
        ({"_rels/.rels": related(("officeDocument", "xl/workbook.bin")), "xl/workbook.bin": "x"}, "another program"),
        (parts(sheet("")), "no sheet of it has anything in it"),
    ):
        assert said in refusal(packed(found)), said
    locked = bytearray(packed(parts(sheet(texts(HEADER)))))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := locked.find(mark, place + 1)) >= 0:
            locked[place + flags] |= 1
    assert "has a password" in refusal(bytes(locked))
