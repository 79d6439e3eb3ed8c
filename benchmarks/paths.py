"""Where the checkout is, and where results go."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
LATEST = RESULTS / "latest.json"
"""The run that the documentation shows: of full size."""
CHART = ROOT / "docs" / "images" / "performance.svg"
PAGE = ROOT / "docs" / "explanation" / "performance.md"
