"""`aftercare import --guess`: what the clinic's file may say of an export, to paste."""

import os
import sys
from pathlib import Path
from typing import Any

import typer

from scheduler.cli.output import print_json, say_error
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load_sound
from scheduler.services.exports.proposal import ForField, ForWord, Proposal
from scheduler.settings import read_settings


def print_guess(file: Path, clinic: str | None, *, as_json: bool) -> None:
    """Print what is proposed for a file; exit code 1 where something that every row needs was not found.

    It works by what is sound of the configuration, since whoever asks may be in the middle of writing it.
    Raises RegistrationError for a file that can't be read, ConfigError for an unknown clinic.
    """
    from scheduler.protocols.preset_file import every_preset  # noqa: PLC0415  (most imports guess nothing)
    from scheduler.services.exports.guessing import Guesser, wanted  # noqa: PLC0415  (most imports guess nothing)
    from scheduler.services.exports.opening import open_export  # noqa: PLC0415  (most imports guess nothing)

    configuration, _ = load_sound(read_settings(os.environ).config_dir)
    name, countries = _whose(configuration, clinic)
    presets = every_preset()
    with open_export(file, wanted(presets)) as table:
        proposal = Guesser(name, countries, configuration.protocols, presets).propose(table)
    if as_json:
        print_json(_data(proposal))
    else:
        sys.stdout.write(proposal.yaml())
    if proposal.missing:
        missing = "; ".join(" or ".join(group) for group in proposal.missing)
        say_error(f"{file.name}: found no column for {missing}: map it, or export it too")
        raise typer.Exit(1)


def _whose(configuration: Configuration, clinic: str | None) -> tuple[str, list[str]]:
    """Return the clinic's id and country; those of all where it is not said, and there is more than one."""
    if clinic is not None:
        configuration.refuse_unknown_clinic(clinic)
    known = list(configuration.clinics.values())
    chosen = [one for one in known if one.id == clinic] or known
    name = clinic or (chosen[0].id if len(chosen) == 1 else "")
    return name, list(dict.fromkeys(one.country for one in chosen))


def _data(proposal: Proposal) -> dict[str, Any]:
    dates = proposal.dates
    return {
        "clinic": proposal.clinic or None,
        "rows": proposal.rows,
        "preset": proposal.preset or None,
        "columns": [_column(one) for one in proposal.columns],
        "dates": {"order": dates.order or None, "sure": dates.sure, "why": dates.why} if dates else None,
        "treatments": [_word(one) for one in proposal.treatments],
        "statuses": [_word(one) for one in proposal.statuses],
        "missing": proposal.missing,
        "unused": proposal.unused,
        "yaml": proposal.yaml(),
    }


def _column(one: ForField) -> dict[str, Any]:
    return {"field": one.field, "columns": one.columns, "sure": one.sure, "why": one.why}


def _word(one: ForWord) -> dict[str, Any]:
    return {"word": one.word, "means": one.ours or None, "sure": one.sure, "why": one.why}
