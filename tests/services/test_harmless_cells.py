"""No spreadsheet calculates a cell of a file that we write."""

import csv
import io

import pytest

from scheduler.services.consent_export import Format, export
from scheduler.services.delivery_export import harmless
from tests.services.house import House

FORMULAS = ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A", '=HYPERLINK("http://x")']  # noqa: RUF001  (characters that are mistaken for others are what is tested)
LEADING = ["", " ", "   ", "\xa0", "\u2003", "\v", "\f", "\ufeff", "\u200b", "\u202e", " \u200b \t"]


@pytest.mark.parametrize("leading", LEADING)
@pytest.mark.parametrize("formula", FORMULAS)
def test_what_begins_like_a_formula_gets_an_apostrophe(leading: str, formula: str) -> None:
    assert harmless(leading + formula) == f"'{leading}{formula}"


@pytest.mark.parametrize("cell", ["", "Zoë", "a=b", "2030-01-01", "B-12", "’=1", "'=1"])  # noqa: RUF001  (characters that are mistaken for others are what is tested)
def test_anything_else_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


@pytest.mark.parametrize("begin", ["=1+1", " =1+1", "\u2003=1", "＝1", "@SUM(A1)", "-2+3", "\u200b=1"])  # noqa: RUF001  (characters that are mistaken for others are what is tested)
def test_the_consent_ledger_of_a_patient_who_is_called_a_formula_is_harmless(house: House, begin: str) -> None:
    house.register(name=f"{begin} Zoë", external_id="B-1", patient_id=begin, consent_sms="yes")
    out = io.StringIO(newline="")
    with house.store.read() as tx:
        export(tx, out, Format.CSV, now=house.clock.now())
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert len(rows) > 1
    cells = [cell for row in rows for cell in row]
    assert any("Zoë" in cell for cell in cells)
    assert all(harmless(cell) == cell for cell in cells)
