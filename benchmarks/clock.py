"""Instants as seconds of Unix time, which is what the servers write down."""

from datetime import UTC, datetime


def instant(seconds: float) -> datetime:
    """Return an aware UTC instant."""
    return datetime.fromtimestamp(seconds, UTC)
