"""Presets: what is known of the exports of well-known booking systems."""

import json
from collections.abc import Mapping
from pathlib import Path

from scheduler.protocols.import_fields import NEEDED
from scheduler.protocols.loader import check
from scheduler.protocols.preset_file import every_preset, preset_of
from scheduler.protocols.presets import preset_names
from tests.services.exports_player import BASE, cases, configured


def test_every_preset_reads_what_a_registration_needs_from_columns_that_its_source_shows() -> None:
    for preset in every_preset():
        assert preset.mapped <= set(preset.header), preset.name
        assert all(any(key in preset.columns for key in group) for group in NEEDED), preset.name
        assert all(source.startswith("https://") for source in preset.sources), preset.name


def test_every_preset_is_used_by_an_export_of_the_tests_with_its_whole_header() -> None:
    used = {case.clinic.get("import", {}).get("preset"): case for case in cases()}
    assert set(preset_names()) <= set(used)
    for name in preset_names():
        text = used[name].file.read_bytes().decode("utf-8-sig")
        assert [column for column in preset_of(name).header if column not in text] == [], name


def test_the_clinics_own_keys_count_in_the_presets_place(tmp_path: Path) -> None:
    imports = {
        "preset": "calendly",
        "columns": {"phone": "Response 1", "first_name": "Invitee First Name", "last_name": "Invitee Last Name"},
        "dates": "day_first",
        "statuses": {"FALSE  no": "completed"},
    }
    configuration, problems = check(_folder(tmp_path, imports))
    assert configuration is not None, problems
    said = configuration.clinics["own"].imports
    assert said.columns["phone"] == ("Response 1",)
    assert said.columns["email"] == ("Invitee Email",)
    assert "name" not in said.columns  # else names would stand there twice
    assert said.dates == "day_first"
    assert said.statuses["FALSE  no"] == "completed"
    assert "false No" not in said.statuses
    assert said.statuses["true No"] == "cancelled"


def test_an_unknown_preset_is_refused_with_the_nearest(tmp_path: Path) -> None:
    problems = [str(it) for it in check(_folder(tmp_path, {"preset": "Microsoft Booking"}))[1]]
    assert len(problems) == 1
    assert "there is no preset Microsoft Booking" in problems[0]
    assert "did you mean microsoft_bookings?" in problems[0]


def _folder(tmp_path: Path, imports: Mapping[str, object]) -> Path:
    """Return a configuration with a clinic `own` whose exports are mapped so."""
    folder = tmp_path / "config"
    configured(folder, cases()[:1])
    text = json.dumps({**BASE, "import": imports}, ensure_ascii=False)
    (folder / "clinics" / "own.yaml").write_text(text, encoding="utf-8")
    return folder
