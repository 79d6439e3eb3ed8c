"""Whatever a booking system, a spreadsheet or a wrong click makes of a CSV file."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.errors import RegistrationError
from scheduler.services.csvfile import CELL_LIMIT, CsvFile, read_csv


def read(tmp_path: Path, content: bytes | str) -> CsvFile:
    file = tmp_path / "export.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(file)


def refusal(tmp_path: Path, content: bytes | str) -> str:
    with pytest.raises(RegistrationError) as refused:
        read(tmp_path, content)
    return str(refused.value)


def problems(file: CsvFile) -> list[tuple[int, str | None]]:
    return [(row.line, row.problem) for row in file.rows]


@pytest.mark.parametrize(
    "content",
    [
        "Name,Phone\nZoe,1\n",
        "\ufeffName,Phone\nZoe,1\n",
        "Name;Phone\nZoe;1\n",
        "Name,Phone\rZoe,1\r",
        "Name,Phone\r\nZoe,1",
    ],
    ids=["plain", "with a byte-order mark", "semicolons", "line ends of an old Mac", "Windows, no end of line"],
)
def test_a_row_is_read_whatever_program_wrote_the_file(tmp_path: Path, content: str) -> None:
    file = read(tmp_path, content)
    assert file.columns == ("Name", "Phone")
    assert [(row.line, row.cells, row.problem) for row in file.rows] == [(2, {"Name": "Zoe", "Phone": "1"}, None)]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n\t\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content) == "export.csv: the file is empty: export it again"


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00", "Name,Phone\n".encode("utf-16")], ids=["xlsx", "UTF-16"])
def test_a_file_that_is_no_text_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content) == "export.csv: this is a binary file, not CSV: export it as “CSV UTF-8”"


def test_a_file_in_latin_1_is_refused_with_the_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, "Name,Phone\nAnn,1\nZoë,2\n".encode("latin-1"))
    assert said == "export.csv:3: not UTF-8: save the file as “CSV UTF-8”"


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistrationError, match=r"gone\.csv: can't be read: No such file"):
        read_csv(tmp_path / "gone.csv")
    with pytest.raises(RegistrationError, match="can't be read: Is a directory"):
        read_csv(tmp_path)


def test_a_file_of_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path, "Name,Phone\n").rows == ()


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    assert "the column “Name” stands there twice" in refusal(tmp_path, "Name,Phone,Name\n")


def test_columns_are_trimmed_and_composed_and_empty_ones_do_not_count_as_twice(tmp_path: Path) -> None:
    file = read(tmp_path, " Nume\u0301ro ,,,Name\n1,,,Zoe\n")
    assert file.columns == ("Numéro", "", "", "Name")
    assert file.rows[0].cells["Numéro"] == "1"


def test_a_line_break_in_a_cell_is_kept_and_later_rows_still_have_the_right_line(tmp_path: Path) -> None:
    file = read(tmp_path, 'Name,Note\nZoe,"one\ntwo\nthree"\nAnn,x\n\nBob\n')
    assert file.rows[0].cells["Note"] == "one\ntwo\nthree"
    assert problems(file) == [(2, None), (5, None), (7, "has 1 cells where the header has 2 columns")]


def test_a_header_over_two_lines_is_counted(tmp_path: Path) -> None:
    file = read(tmp_path, '"Na\nme",Phone\nZoe,1\n')
    assert [row.line for row in file.rows] == [3]


@pytest.mark.parametrize(("row", "cells"), [("Zoe", 1), ("Zoe,1,2", 3), ("Zoe,1,,2", 4)])
def test_a_row_with_too_few_or_too_many_cells_says_so(tmp_path: Path, row: str, cells: int) -> None:
    file = read(tmp_path, f"Name,Phone\n{row}\nAnn,2\n")
    assert problems(file) == [(2, f"has {cells} cells where the header has 2 columns"), (3, None)]


@pytest.mark.parametrize("header", ["Name,Phone", "Name,Phone,", "Name,Phone,,"])
@pytest.mark.parametrize("row", ["Zoe,1", "Zoe,1,", "Zoe,1,,"])
def test_separators_at_the_end_of_header_or_rows_do_no_harm(tmp_path: Path, header: str, row: str) -> None:
    file = read(tmp_path, f"{header}\n{row}\n")
    assert file.columns == ("Name", "Phone")
    assert file.rows[0].cells == {"Name": "Zoe", "Phone": "1"}


def test_rows_of_separators_only_are_no_rows(tmp_path: Path) -> None:
    assert [row.line for row in read(tmp_path, "Name,Phone\n,\n ,\t\nZoe,1\n").rows] == [4]


def test_an_unclosed_quote_is_told_where_it_opens_and_what_came_before_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, 'Name,Phone\nAnn,1\n"Zoe,2\nBob,3\n')
    assert problems(file)[0] == (2, None)
    ((line, problem),) = problems(file)[1:]
    assert line == 3
    assert problem is not None
    assert problem.endswith("nothing after it was read")


def test_an_unreadable_header_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, 'Name,"Pho"ne\nZoe,1\n').startswith("export.csv:1: the header can't be read")


def test_an_enormous_cell_spoils_its_own_row_only_and_is_not_repeated(tmp_path: Path) -> None:
    file = read(tmp_path, f"Name,Phone\n{'z' * (CELL_LIMIT + 1)},1\nAnn,2\n")
    assert problems(file) == [(2, "has a cell of more than 20,000 characters"), (3, None)]


def test_after_a_cell_that_swallows_the_file_nothing_more_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, "Name,Phone\nAnn,1\n" + '"' + "Zoe,2\n" * 30_000)
    assert [row.line for row in file.rows] == [2, 3]
    problem = file.rows[1].problem
    assert problem is not None
    assert problem.endswith("nothing after it was read")
    assert len(problem) < 120


@example(b'a,"')
@example(b"\r")
@example("a\u2028b\nc".encode())
@given(st.binary(max_size=300) | st.text(alphabet='ab,;"\n\r\t \u2028\x0bé', max_size=80).map(str.encode))
def test_any_bytes_at_all_are_rows_or_one_refusal(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(content)
    try:
        found, said = read_csv(file), ""
    except RegistrationError as refused:
        found, said = CsvFile((), ()), str(refused)
    lines = [row.line for row in found.rows]
    assert lines == sorted(set(lines))
    assert all(row.problem or set(row.cells) == set(found.columns) for row in found.rows)
    assert "\n" not in said
