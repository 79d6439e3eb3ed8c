"""What the figures were measured on: versions, processors, what a commit costs. No names, no paths."""

import importlib.metadata
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.postgres import programs

LIBRARIES = ("sqlalchemy", "psycopg", "aiohttp", "twilio", "apscheduler", "procrastinate", "celery", "dramatiq")


SYNCS = 50


def facts(scratch: Path) -> dict[str, str]:
    """Return them by name; what is not there is left out. `scratch` is where the databases lie."""
    found = {
        "processors": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "fsync of a small write": f"{_fsync(scratch) * 1000:.2g} ms",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": _version(str(folder / "postgres")) if (folder := programs()) else "",
        "Redis": _version("redis-server") if shutil.which("redis-server") else "",
        **{name: _library(name) for name in LIBRARIES},
    }
    return {name: value for name, value in found.items() if value}


def _fsync(scratch: Path) -> float:
    """Return the seconds that a small write takes until it is on the disk: what each commit pays."""
    took = []
    with tempfile.TemporaryFile(dir=scratch) as file:
        for _ in range(SYNCS):
            started = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - started)
    return median(took)


def _version(program: str) -> str:
    printed = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"\d+(\.\d+)+", printed)
    return found.group() if found else ""


def _library(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
