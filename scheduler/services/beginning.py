"""A clinic's own folder of config and templates, copied from what ships: all of it, or what the clinic chose."""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler.content.notices import CHANNELS
from scheduler.errors import ConflictError
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.protocols.new_clinic import NewClinic, check_new_clinic, new_clinic_file
from scheduler.protocols.selection import chosen, fits, templates_of, without_treatments


@dataclass(frozen=True, slots=True)
class Choice:
    """What a clinic takes. `treatments` empty: all; `clinic` None: the sample clinics."""

    treatments: Collection[str] = ()
    clinic: NewClinic | None = None


def begin(folder: Path, choice: Choice) -> None:
    """Fill a new or empty folder.

    Raises ConflictError where it is not empty or can't be written, ConfigError for a choice that can't be: then
    nothing was written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is not empty: name a new folder, so that nothing of yours is overwritten")
    everything = load(shipped("config"))
    treatments = chosen(choice.treatments, everything.protocols)
    if choice.clinic:
        check_new_clinic(choice.clinic)
    clinics = [choice.clinic.id] if choice.clinic else list(everything.clinics)
    texts = templates_of([everything.protocols[treatment] for treatment in treatments])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(shipped("config"), folder / "config")
        _leave_protocols(folder / "config", treatments, clinics)
        _leave_clinics(folder / "config" / "clinics", choice.clinic, everything.protocols.keys() - treatments)
        shutil.copytree(shipped("templates"), folder / "templates")
        _leave_texts(folder / "templates", texts, choice.clinic.languages if choice.clinic else ())
    except OSError as error:
        raise ConflictError(f"{folder}: can't be written: {error.strerror}") from None


def _leave_protocols(config: Path, treatments: Collection[str], clinics: Collection[str]) -> None:
    """Take away what is about other treatments: protocols, their approvals, their tests."""
    for file in [*config.glob("protocols/*.yaml"), *config.glob("approvals/*.yaml")]:
        if file.stem.split(".")[0] not in treatments:
            file.unlink()
    for file in config.glob("tests/*.yaml"):
        if not fits(file, treatments, clinics):
            file.unlink()


def _leave_clinics(folder: Path, new: NewClinic | None, gone: Collection[str]) -> None:
    for file in folder.glob("*.yaml"):
        if new:
            file.unlink()
        elif gone:
            file.write_text(without_treatments(file.read_text(encoding="utf-8"), gone), encoding="utf-8")
    if new:
        (folder / f"{new.id}.yaml").write_text(new_clinic_file(new), encoding="utf-8")


def _leave_texts(templates: Path, used: Collection[str], languages: Collection[str]) -> None:
    """Take away the texts of other treatments, and other languages where the clinic speaks one that ships.

    Those of a language stay for a regional one too, which begins as a copy of them: fr for fr-CA.
    """
    folders = [folder for folder in templates.iterdir() if folder.is_dir()]
    wanted = {*languages, *(language.partition("-")[0] for language in languages)}
    spoken = [folder for folder in folders if folder.name in wanted] or folders
    for folder in folders:
        if folder not in spoken:
            shutil.rmtree(folder)
    for folder in _steps_of(spoken):
        if folder.name not in used and folder.name not in CHANNELS:
            shutil.rmtree(folder)


def _steps_of(languages: Collection[Path]) -> Iterator[Path]:
    for language in languages:
        yield from [folder for folder in language.iterdir() if folder.is_dir()]
