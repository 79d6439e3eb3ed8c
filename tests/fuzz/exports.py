"""Searches for a file that neither is read nor refused, guided by which lines of the reader it reaches.

Not a test of `make test`: it runs as long as it is let. Atheris is for Linux, and not among what the tests install:

    pip install atheris
    python -m tests.fuzz.exports -max_total_time=600

What it finds it writes as `crash-…` into the folder that it was started in: put the file into `tests/exports`.
"""

import importlib
import shutil
import sys
import tempfile
from pathlib import Path

EXPORTS = Path(__file__).parents[1] / "exports"


def main(options: list[str]) -> None:
    """Run with options of libFuzzer, beginning with the exports of the tests."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["scheduler.services.exports"]):
        fuzzing = importlib.import_module("tests.services.test_exports_fuzz")
    with tempfile.TemporaryDirectory() as corpus:  # what it learns it writes there
        for file in EXPORTS.iterdir():
            shutil.copy(file, corpus)
        atheris.Setup([sys.argv[0], *options, corpus], fuzzing.read_it)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
