"""The command `aftercare`. The composition root: only here do settings, store, channels and engine meet."""

import gc
import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it quietly even while its parts are still being loaded."""
    gc.disable()  # what is loaded stays: to look through it again and again is a tenth of a command's start
    try:
        from scheduler.cli.app import main as run  # noqa: PLC0415  (Ctrl-C works from here on)
    except KeyboardInterrupt:
        sys.exit(130)
    gc.enable()
    run()
