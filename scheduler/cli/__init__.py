"""The command `aftercare`. The composition root: only here do settings, store, channels and engine meet."""

from scheduler.cli.app import main

__all__ = ["main"]
