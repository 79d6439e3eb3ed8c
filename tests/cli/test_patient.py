"""patient: shown, handed out in a file that only its owner reads, erased after a word."""

import json
import zipfile

import pytest

from tests.cli.command import Command


@pytest.fixture
def known(aftercare: Command) -> Command:
    """A patient with one visit."""
    aftercare.register()
    return aftercare


def test_it_is_shown_with_its_visits(known: Command) -> None:
    told = json.loads(known.done("patient", "show", "1", "--json"))
    assert (told["name"], told["phone"], told["erased_at"]) == ("Zoë Lachance", "+14165550123", None)
    assert told["appointments"][0]["messages"]["scheduled"] >= 5
    assert "Zoë Lachance  patient 1 of north" in known.done("patient", "show", "1")


def test_the_export_is_for_its_owner_only_and_overwrites_nothing(known: Command) -> None:
    known.done("patient", "export", "1", "--out", "zoe.zip")
    file = known.folder / "zoe.zip"
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["patient-1/patient-1.json", "patient-1/patient-1.html"]
    assert "nothing is overwritten" in known.refused("patient", "export", "1", "--out", "zoe.zip")


def test_it_is_erased_never_unasked(known: Command) -> None:
    assert "nobody can type the word here; say --yes" in known.refused("patient", "erase", "1")
    done = json.loads(known.done("patient", "erase", "1", "--yes", "--by", "Anna", "--json"))
    assert done["patient"] == 1
    assert done["cancelled"] >= 5
    told = json.loads(known.done("patient", "show", "1", "--json"))
    assert (told["name"], told["phone"], told["email"], told["erased_by"]) == (None, None, None, "Anna")
    assert "there is no patient 9" in known.refused("patient", "erase", "9", "--yes")
