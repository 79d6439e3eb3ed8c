"""Every command is loaded with all others: what only one of them needs must not make the others wait."""

import subprocess
import sys

HEAVY = {"aiohttp", "fastapi", "fhir", "icalendar", "starlette", "uvicorn"}


def test_no_command_loads_what_only_another_needs() -> None:
    said = "import sys, scheduler.cli.app; print(*{it.partition('.')[0] for it in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in loaded
    assert HEAVY.isdisjoint(loaded), HEAVY.intersection(loaded)
