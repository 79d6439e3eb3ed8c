"""How long an engine holds a message, and what of that time is for what."""

from datetime import timedelta

LEASE = timedelta(seconds=60)
"""An engine that has not finished by then is taken for dead."""

LONGEST_CALL = timedelta(seconds=25)
"""One hand-over is given up after this: nobody knows then whether the provider took it."""

LAST_WRITE = timedelta(seconds=30)
"""Before the lease ends. Nothing is written to a provider after that, so that a call which goes on ends before the
lease does and nobody takes it for lost."""
