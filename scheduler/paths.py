"""Where the shipped templates, config and samples lie: in a checkout, a wheel or a container."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the folder of shipped defaults called `name` ("config" or "templates").

    A wheel carries it inside the package, a checkout at its top.
    """
    in_wheel = PACKAGE / "shipped" / name
    return in_wheel if in_wheel.is_dir() else PACKAGE.parent / name


def sample(name: str) -> Path:
    """Return a sample file that ships with the product (the demo's CSV exports)."""
    return PACKAGE / "samples" / name
