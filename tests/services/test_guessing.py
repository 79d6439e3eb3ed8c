"""What `aftercare import --guess` proposes, pasted into a clinic's file, imports the export as it should."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from scheduler.errors import RegistrationError
from scheduler.protocols.loader import load
from scheduler.protocols.preset_file import every_preset
from scheduler.services.exports.guessing import Guesser, wanted
from scheduler.services.exports.header_words import likely_columns
from scheduler.services.exports.known_words import treatments
from scheduler.services.exports.opening import open_export, read_export
from scheduler.services.exports.proposal import Proposal, Sure, quoted
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.services.exports_player import BASE, Case, cases, configured, differences, play
from tests.services.house import CONFIG

GUESSER = Guesser("sample", [BASE["country"]], load(CONFIG).protocols, every_preset())
MAPPED = 0.95
"""So much of what the clinics mapped is found."""
NAMES = ("first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Guessed(Case):
    """An export whose clinic is mapped as it was proposed."""

    @property
    def clinic(self) -> dict[str, Any]:
        said = {key: value for key, value in Case(self.file).clinic.items() if key != "import"}
        return {**said, **YAML(typ="safe").load(_proposed(self).yaml())}

    @property
    def needs_an_answer(self) -> bool:
        """Whether something is asked, or the clinic says what no file can show."""
        proposal, imports = _proposed(self), Case(self.file).clinic["import"]
        asked = [one.sure for one in (*proposal.statuses, proposal.dates) if one]
        return Sure.ASK in asked or bool(imports.keys() & {"timezone", "encoding"}) or "%" in imports.get("dates", "")


def _proposed(case: Case) -> Proposal:
    guesser = replace(GUESSER, countries=[Case(case.file).clinic["country"]])
    with open_export(case.file, wanted(GUESSER.presets)) as table:
        return guesser.propose(table)


def _proposal_of(text: str) -> Proposal:
    return GUESSER.propose(read_export(text.encode(), "export.csv", wanted(GUESSER.presets)))


@pytest.fixture(scope="module")
def found() -> list[Case]:
    """Return the exports that can be imported, and in which all that is needed is found."""
    mapped = [case for case in cases() if "refused" not in case.expected and "import" in case.clinic]
    complete = [case for case in mapped if not _proposed(case).missing]
    assert len(complete) >= MAPPED * len(mapped)
    return complete


def test_no_column_is_proposed_for_a_wrong_field_and_nearly_every_one_for_its_own(
    found: list[Case], tmp_path: Path
) -> None:
    theirs, ours = _columns(found, tmp_path / "theirs"), _columns(_guessed(found), tmp_path / "ours")
    assert [(name, field, ours[name][field]) for name, field in _both(theirs, ours, same=False)] == []
    every = Counter(field for columns in theirs.values() for field in columns)
    right = Counter(field for _, field in _both(theirs, ours, same=True))
    assert {field: right[field] for field in every if right[field] < MAPPED * every[field]} == {}


def test_what_is_proposed_passes_check_and_imports_the_export_as_its_report_says(
    found: list[Case], tmp_path: Path
) -> None:
    guessed: list[Case] = [case for case in _guessed(found) if not case.needs_an_answer]
    configuration = configured(tmp_path / "config", guessed)
    with open_store(read_settings({"AFTERCARE_DATA_DIR": str(tmp_path / "var")})) as store:
        told = {case.name: differences(_rows(case.expected), play(store, configuration, case)) for case in guessed}
    assert {name: said for name, said in told.items() if said} == {}
    assert len(guessed) >= len(found) / 2


def test_presets_are_told_by_their_header_and_what_a_clinic_added_beside_it() -> None:
    latepoint = next(preset for preset in GUESSER.presets if preset.name == "latepoint")
    cells = dict.fromkeys(latepoint.header, "") | {"Start Date & Time": "Mar 18, 2026, 10:00 am", "Service": "Laser"}
    header = [*(quoted(it) for it in cells if it != "Price"), "SMS consent", "Allergies"]
    row = [*(quoted(cell) for name, cell in cells.items() if name != "Price"), "yes", "none"]
    proposal = _proposal_of(f"{','.join(header)}\n{','.join(row)}\n")
    assert proposal.preset == "latepoint"
    assert [(one.field, one.columns) for one in proposal.columns] == [("consent_sms", ("SMS consent",))]


def test_what_can_mean_two_things_is_asked_and_never_taken() -> None:
    proposal = _proposal_of(
        "Booking ID,Start,Client,Email,Service,Status,Created,Staff Email\n"
        "7,03/04/2026 10:00,Zoë Sample,zoe@sample.example,Peels & more,On hold,01/13/2026,sam@sample.example\n"
        "7,05/04/2026 10:00,Zoë Sample,zoe@sample.example,Lazer,Confirmed,01/14/2026,sam@sample.example\n"
    )
    text = proposal.yaml()
    assert "# dates: day_first or month_first" in text  # the days of creation say nothing of the visits
    assert "# Lazer: laser" in text
    assert '# "Peels & more": ' in text
    assert "# On hold: ?" in text
    assert "external_id:" not in YAML(typ="safe").load(text)["import"]["columns"]  # it comes again: a series
    assert "email: Email " in text


@pytest.mark.parametrize(("header", "cells", "proposed"), [
    ("Booking Date,Appointment Date", "2026-03-01 09:00,2026-03-18 10:00", {"starts_at": "Appointment Date"}),
    ("Booking Date,Appointment Date,Appointment Time", "2026-03-01 09:00,2026-03-18,10:00",
     {"starts_at": ["Appointment Date", "Appointment Time"]}),
    ("Booking Date,Date,Time", "2026-03-01,2026-03-18,10:00", {"starts_at": ["Date", "Time"]}),
    ("Start,Phone,Mobile", "2026-03-18 10:00,416-555-0123,416-555-0124", {"starts_at": "Start", "phone": "Mobile"}),
    ("Fecha y hora,Teléfono,Móvil", "2026-03-18 10:00,416-555-0123,416-555-0124", {"phone": "Móvil"}),
    ("Start,Phone,Mobile", "2026-03-18 10:00,416-555-0123,", {"phone": "Phone"}),
])  # fmt: skip
def test_of_columns_that_look_alike_the_visits_own_day_and_the_mobile_number_are_proposed(
    header: str, cells: str, proposed: dict[str, object]
) -> None:
    rows = f"{header},Client,Email,Service\n" + f"{cells},Zoë Sample,zoe@sample.example,Laser\n" * 3
    columns = YAML(typ="safe").load(_proposal_of(rows).yaml())["import"]["columns"]
    assert {name: columns.get(name) for name in proposed} == proposed


def test_a_part_of_one_name_is_asked_about_before_what_is_only_spelled_alike() -> None:
    shipped = load(Path(__file__).parents[2] / "config").protocols
    (asked,) = treatments(["Peeling"], shipped)
    assert (asked.ours, asked.sure) == ("chemical_peel", Sure.ASK)


def test_nothing_of_a_person_is_in_a_proposal(found: list[Case]) -> None:
    for case in found:
        text = repr(_proposed(case)) + _proposed(case).yaml()
        assert [it for it in ("sample.example", "555-01", "55501", "Zoë", " Sample") if it in text] == []


def test_a_file_without_a_header_is_refused_and_nothing_of_it_shown() -> None:
    with pytest.raises(RegistrationError, match="is no header, but a row of somebody's") as refused:
        _proposal_of(
            "Zoë Sample,zoe@sample.example,2026-03-18 10:00\nAnn Sample,ann@sample.example,2026-03-19 10:00\n"
        )
    assert "zoe" not in str(refused.value).casefold()


def test_texts_about_each_patient_are_not_taken_for_a_list_of_treatments() -> None:
    rows = [f"2026-03-18 10:00,Zoë,z{n}@sample.example,came for scar number {'x' * n}" for n in range(30)]
    proposal = _proposal_of("\n".join(["Start,Client,Email,Reason", *rows]))
    assert proposal.treatments == ()
    assert "scar" not in proposal.yaml()
    assert "# not found: treatments: the column has too many different texts" in proposal.yaml()
    assert "treatment: Reason" in proposal.yaml()
    few = _proposal_of(
        "Start,Client,Email,Reason\n2026-03-18 10:00,Zoë,z@sample.example,Laser; call +1 416-555-0123\n"
    )
    assert few.treatments == ()


NAMES_OF_COLUMNS = st.one_of(st.text(max_size=12), st.sampled_from(sorted(likely_columns())))
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["18/03/2026 10:00", "2026-03-18", "10h00", "a@sample.example", "416-555-0123", "yes", "Laser", "fr"]
    ),
)


@given(st.lists(NAMES_OF_COLUMNS, min_size=1, max_size=6), st.lists(st.lists(CELLS, max_size=6), max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_is_in_a_file_the_answer_is_a_mapping_that_can_be_read_or_a_clear_error(
    header: list[str], rows: list[list[str]]
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([header, *([*row, *[""] * 6][: len(header)] for row in rows)])
    with suppress(RegistrationError):
        proposal = _proposal_of(text.getvalue())
        said = (YAML(typ="safe").load(proposal.yaml()) or {}).get("import", {})
        assert set(said.get("columns", {})) == {one.field.value for one in proposal.columns}


def test_a_column_of_any_name_can_be_pasted() -> None:
    for name in ("N° RDV", "Start: time", "#", "yes", "a, b", "- x", '“q” "w"', "Paid?", "{x}", "1", "café\u2028x"):
        assert YAML(typ="safe").load(f"columns: [{quoted(name)}, b]")["columns"] == [name, "b"]
        assert YAML(typ="safe").load(f"{quoted(name)}: a") == {name: "a"}


def _rows(expected: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is expected of the rows: which columns are not read, or not there, depends on the mapping."""
    return {"rows": expected["rows"]}


def _guessed(found: list[Case]) -> list[Guessed]:
    return [Guessed(case.file) for case in found]


def _columns(found: Sequence[Case], folder: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    clinics = configured(folder, list(found)).clinics
    return {case.name: _with_one_name(clinics[case.name].imports.columns) for case in found}


def _with_one_name(columns: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the columns with the names in two columns as one name of both, which is read alike."""
    both = tuple(column for key in NAMES for column in columns.get(key, ()))
    return {key: named for key, named in columns.items() if key not in NAMES} | ({"name": both} if both else {})


def _both(
    theirs: dict[str, dict[str, tuple[str, ...]]], ours: dict[str, dict[str, tuple[str, ...]]], *, same: bool
) -> Iterator[tuple[str, str]]:
    """Yield where both have columns for a field of an export: the same ones, or others."""
    for name, columns in theirs.items():
        for field, those in columns.items():
            if field in ours[name] and (ours[name][field] == those) is same:
                yield name, field
