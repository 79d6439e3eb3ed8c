"""What a clinic takes of the shipped files."""

from pathlib import Path

import pytest

from scheduler.errors import ConfigError
from scheduler.protocols.selection import chosen, fits, without_treatments

IMPORT = """import:
  dates: "%Y"
  treatments:     # the export's name: the file
    "Needles: face": microneedling
    Peel: chemical_peel    # superficial
  # overrides: peel: chemical_peel
  statuses:
    Peel: booked
"""


def test_who_names_no_treatment_gets_all() -> None:
    assert chosen((), {"peel", "laser"}) == {"peel", "laser"}
    assert chosen(("peel",), {"peel", "laser"}) == {"peel"}
    with pytest.raises(ConfigError, match="no protocol for “pel” \\(did you mean peel\\?\\)"):
        chosen(("pel",), {"peel", "laser"})


def test_only_the_lines_that_lead_to_a_treatment_that_is_gone_are_left_out() -> None:
    assert without_treatments(IMPORT, ()) == IMPORT
    kept = without_treatments(IMPORT, {"chemical_peel"})
    assert kept == IMPORT.replace("    Peel: chemical_peel    # superficial\n", "")


def test_a_mapping_of_which_nothing_is_left_goes_too() -> None:
    kept = without_treatments(IMPORT, {"chemical_peel", "microneedling"})
    assert "treatments" not in kept
    assert kept.endswith("  statuses:\n    Peel: booked\n")


def test_expectations_fit_where_all_their_cases_are_about_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "peel.yaml"
    file.write_text(
        "tests:\n  - {clinic: rose, treatment: peel}\n  - {clinic: rose, treatment: laser}\n", encoding="utf-8"
    )
    assert fits(file, {"peel", "laser"}, {"rose"})
    assert not fits(file, {"peel"}, {"rose"})
    assert not fits(file, {"peel", "laser"}, {"lily"})
