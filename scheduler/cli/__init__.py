"""The command `aftercare`. The composition root: only here do settings, store, channels and engine meet."""

import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it quietly even while its parts are still being loaded."""
    try:
        from scheduler.cli.app import main as run  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(130)
    run()
