"""Whatever a booking system, a spreadsheet or a wrong click makes of a text with separators."""

from pathlib import Path

import pytest

from scheduler.errors import RegistrationError
from scheduler.services.exports.opening import open_export, read_export
from scheduler.services.exports.table import CELL_LIMIT, Row, Table, Wanted

NAMED = frozenset({"Name", "Phone"})


def read(content: bytes | str, *columns: str, encoding: str = "auto") -> Table:
    data = content if isinstance(content, bytes) else content.encode()
    return read_export(data, "export.csv", Wanted(frozenset(columns), encoding))


def rows(content: bytes | str, *columns: str, encoding: str = "auto") -> list[Row]:
    table = read(content, *columns, encoding=encoding)
    found = list(table.rows())
    assert table.total == len(found)
    assert list(table.rows()) == found
    return found


def refusal(content: bytes | str, *columns: str, encoding: str = "auto") -> str:
    with pytest.raises(RegistrationError) as refused:
        read(content, *columns, encoding=encoding)
    return str(refused.value)


def problems(content: bytes | str) -> list[tuple[int, str | None]]:
    return [(row.line, row.problem) for row in rows(content)]


def test_a_row_is_read_whatever_program_wrote_the_file() -> None:
    text = "Name,Phone\nZoë,1\n"
    for content in (
        text.encode(),
        text.encode("utf-8-sig"),
        text.replace(",", ";").encode(),
        text.replace(",", "\t").encode(),
        text.replace(",", "|").encode(),
        text.replace("\n", "\r").encode(),
        text.replace("\n", "\r\n").rstrip().encode(),
        text.encode("utf-16"),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        text.encode("utf-32"),
        text.encode("cp1252"),
        f"sep=;\r\n{text.replace(',', ';')}".encode(),
        f"{text.replace(',', ';')}".encode("mac_roman"),
    ):
        table = read(content)
        assert table.columns == ("Name", "Phone"), content
        assert [(row.cells, row.problem) for row in table.rows()] == [({"Name": "Zoë", "Phone": "1"}, None)], content


def test_the_separator_is_the_one_that_makes_the_mapped_header_else_the_most_even_table() -> None:
    for content, columns, first in (
        ("Last, first;Phone;Note\nRoy, Ann;1;a,b,c,d,e\n", ("Last, first",), ("Last, first", "Phone", "Note")),
        ("Name;Fee\nAnn;1,50\nBob;2,25\n", (), ("Name", "Fee")),
        ("Name|Hours\nAnn|8;12;14\nBob|9;11;15\n", (), ("Name", "Hours")),
        ('Name\tNote\nAnn\t"a, b; c"\n', (), ("Name", "Note")),
        ("One column\nAnn\n", (), ("One column",)),
    ):
        assert read(content, *columns).columns == first, content


def test_the_header_is_found_below_titles_by_its_mapped_columns_or_by_its_width() -> None:
    titled = "Export of the clinic\nFrom;2026-03-01\n\nName;Phone;Note\nAnn;1;x\n"
    for columns in ((), ("Name", "Phone")):
        table = read(titled, *columns)
        assert (table.line, table.place, [row.line for row in table.rows()]) == (4, "export.csv:4", [5])
    far = "title\n" * 25 + "Name,Phone\nAnn,1\n"
    assert read(far, *NAMED).columns == ("title",)


def test_a_file_that_is_empty_or_no_text_is_refused_with_what_to_do() -> None:
    for content in (b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n\t\n"):
        assert refusal(content) == "export.csv: the file is empty: export it again"
    binary = bytes(range(256)) * 4
    assert refusal(binary) == "export.csv: is no text and no workbook: export it as CSV UTF-8 or .xlsx"


def test_bytes_that_are_no_text_in_the_encoding_are_told_with_their_line() -> None:
    damaged = "Name,Note\r\nZoë,crème\r\nAnn,1\r\n".encode() + b"L\xff\n"
    assert refusal(damaged + "Zoë,é\n".encode()).startswith("export.csv:4: is UTF-8 but for what stands in this line")
    for encoding, content in (
        ("utf-8", "Name,Phone\rAnn,1\rZoë,2\r".encode("latin-1")),
        ("windows-1252", b"Name,Phone\nAnn,1\nZo\x81,2\n"),
        ("utf-16", "Name,Phone\nAnn,1\nZoë,2".encode("utf-16")[:-1]),
    ):
        assert refusal(content, encoding=encoding).startswith("export.csv:3: has bytes that are no text in ")


def test_windows_1252_and_mac_roman_are_told_apart_by_what_makes_words_and_a_doubt_is_told() -> None:
    for text in ("Zoë Müller\r\nRené Côté\r\n", "María García\nMuñoz Peña\n", "ÉLODIE BÉLANGER\nL\u2019Île\nœuvre\n"):
        for codec in ("cp1252", "mac_roman"):
            table = read(f"Name\n{text}".encode(codec))
            assert [row.cells["Name"] for row in table.rows()] == text.splitlines()
            assert table.warnings == ()
    doubtful = "Name\nAnn D\u2019Angelo\n".encode("cp1252")
    (warning,) = read(doubtful).warnings
    assert warning.startswith("export.csv: read as windows-1252, but it could be mac-roman: look whether")
    assert "Angelo" not in warning
    (row,) = rows("Name\nAnn D\u2019Angelo\n".encode("mac_roman"), encoding="mac-roman")
    assert row.cells["Name"] == "Ann D\u2019Angelo"


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "gone.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(RegistrationError, match=why), open_export(path, Wanted()):
            pass


def test_only_a_mapped_column_may_not_stand_there_twice() -> None:
    assert "the column “Name” stands there twice" in refusal("Name,Phone,Name\n", "Name")
    assert read("Name,Phone,Note,Note\n", *NAMED).columns == ("Name", "Phone", "Note", "Note")


def test_columns_are_trimmed_composed_and_on_one_line() -> None:
    assert read('"Start\n time",No\u00a0break,\x07\nx,y,z\n').columns == ("Start time", "No break", "")
    table = read(" Nume\u0301ro ,,,Name\n1,,,Zoe\u0308\n")
    assert table.columns == ("Numéro", "", "", "Name")
    (row,) = table.rows()
    assert (row.cells["Numéro"], row.cells["Name"]) == ("1", "Zoë")


def test_a_line_break_in_a_cell_is_kept_and_later_rows_still_have_the_right_line() -> None:
    content = 'Name,Note\nZoe,"one\ntwo\nthree"\nAnn,x\n\nBob\n'
    assert rows(content)[0].cells["Note"] == "one\ntwo\nthree"
    assert problems(content) == [(2, None), (5, None), (7, "has 1 cells where the header has 2 columns")]
    assert [row.line for row in rows('"Na\nme",Phone\nZoe,1\n')] == [3]


def test_a_row_with_too_few_or_too_many_cells_says_so() -> None:
    for row, cells in (("Zoe", 1), ("Zoe,1,2", 3), ("Zoe,1,,2", 4)):
        said = f"has {cells} cells where the header has 2 columns"
        assert problems(f"Name,Phone\n{row}\nAnn,2\n") == [(2, said), (3, None)]


def test_separators_at_the_end_of_header_or_rows_do_no_harm() -> None:
    for end in ("", ",", ",,"):
        for more in ("", ",", ",,"):
            table = read(f"Name,Phone{end}\nZoe,1{more}\n")
            assert table.columns == ("Name", "Phone")
            assert [row.cells for row in table.rows()] == [{"Name": "Zoe", "Phone": "1"}]
    assert [row.line for row in rows("Name,Phone\n,\n ,\t\nZoe,1\n")] == [4]


def test_a_quote_that_is_not_doubled_costs_its_own_row_and_one_that_is_not_closed_the_rest() -> None:
    said = "can't be read as CSV: a quote inside of a quoted cell is not doubled"
    assert problems('Name,Phone\n"Ann "A" Roy",1\nBob,2\n') == [(2, said), (3, None)]
    swallowed = problems('Name,Phone\n"Ann,1\nBob,2\n"Cy,3\nDan,4\n')
    assert swallowed == [(2, f"{said}; lines 2 to 4 were left out"), (5, None)]
    open_end = "can't be read as CSV: a quote is not closed; nothing after it was read"
    assert problems('Name,Phone\nAnn,1\n"Zoe,2\nBob,3\n') == [(2, None), (3, open_end)]
    assert problems("Name,Phone\nAnn,1\n" + '"' + "Zoe,2\n" * 30_000) == [(2, None), (3, open_end)]


def test_an_unreadable_header_is_refused() -> None:
    assert refusal('Name,"Pho"ne\nZoe,1\n').startswith("export.csv:1: the header can't be read as CSV")
    assert refusal("Name,Phone\n" + "x" * 1_000_001).startswith("export.csv:2: has a line of a million signs")


def test_a_cell_that_is_no_text_for_a_field_spoils_its_own_row_only_and_is_not_repeated() -> None:
    for cell, said in (
        ("z" * (CELL_LIMIT + 1), "has a cell of more than 20,000 characters"),
        ("Zo\0e", "has a NUL character in the column “Name”: type the cell anew"),
        ("#REF!", "has #REF! in the column “Name”, an error of the spreadsheet: mend it there"),
    ):
        assert problems(f"Name,Phone\n{cell},1\nAnn,2\n") == [(2, said), (3, None)]
    table = read("Name,Phone,Note\nZoe,1,#REF!\n", *NAMED)
    assert [row.problem for row in table.rows()] == [None]


def test_a_file_that_changes_while_it_is_read_is_told_of_and_one_that_is_replaced_is_read_to_its_end(
    tmp_path: Path,
) -> None:
    lines = [f"Ann,{number}\n" for number in range(1000)]
    file = tmp_path / "export.csv"
    file.write_text("".join(["Name,Phone\n", *lines]))
    with open_export(file, Wanted()) as table:
        other = tmp_path / "new.csv"
        other.write_text("Name,Phone\nBob,1\n")
        reading = table.rows()
        assert next(reading).cells["Name"] == "Ann"
        other.replace(file)
        assert sum(1 for _ in reading) == 999
    with open_export(file, Wanted()) as table, file.open("a") as writing:
        reading = table.rows()
        next(reading)
        writing.write("Cy,2\n")
        writing.flush()
        with pytest.raises(RegistrationError, match=r"export\.csv: was changed while it was read"):
            list(reading)


def test_millions_of_empty_lines_are_refused_before_they_cost_a_minute() -> None:
    assert "has 100,000 empty lines before it" in refusal("Name,Phone\n" + "\n" * 9_000_000 + "Ann,1\n")
    assert len(rows("Name,Phone\n" + "\r\n" * 90_000 + "Ann,1\n")) == 1
