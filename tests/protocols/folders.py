"""Makes small configuration folders: the sound one, with what a test changes in it."""

import shutil
from pathlib import Path

from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import check

HERE = Path(__file__).parent
SOUND, BROKEN = HERE / "sound", HERE / "broken"
CLINIC, PROTOCOL, INSTANCE = "clinics/rose.yaml", "protocols/microneedling.yaml", "aftercare.yaml"


def config_in(
    folder: Path, *, add: dict[str, str] | None = None, swap: dict[str, tuple[str, str]] | None = None
) -> Path:
    """Copy the sound configuration, put texts at the end of files (`add`) or in the place of others (`swap`)."""
    config = folder / "config"
    shutil.copytree(SOUND, config, dirs_exist_ok=True)
    for name, text in (add or {}).items():
        file = config / name
        file.write_text((file.read_text(encoding="utf-8") if file.exists() else "") + text, encoding="utf-8")
    for name, (old, new) in (swap or {}).items():
        text = (config / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands once in {name}"
        (config / name).write_text(text.replace(old, new), encoding="utf-8")
    return config


def sound(config: Path) -> Configuration:
    """Return the configuration, which has no problem, not even a warning."""
    configuration, problems = check(config)
    assert configuration is not None, [str(problem) for problem in problems]
    assert problems == ()
    return configuration


def clinic(config: Path) -> Clinic:
    return sound(config).clinics["rose"]


def protocol(config: Path) -> Protocol:
    return sound(config).protocols["microneedling"]


def lines(config: Path) -> list[str]:
    """Return all problems as people see them, with files named from the folder on."""
    return [str(problem).removeprefix(f"{config}/") for problem in check(config)[1]]
