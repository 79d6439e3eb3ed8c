"""What is played: on which database, with which processes, and how."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.acceptance.conftest import keys
from tests.chaos.hunts import HANDING_ON, SERVE, WORKING, Alone, Crowd
from tests.chaos.play import WAVES, Hunt, Play, Wave
from tests.chaos.providers import providers
from tests.chaos.site import Site
from tests.chaos.verdict import Verdict
from tests.postgres import running, server_programs

MOODY = 0.02
"""The share of texts that the provider answers badly, beside all kills."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`rate`: how fast the clock runs, where it can't be moved past a lease because others are at work."""

    title: str
    hunt: Hunt
    postgres: bool = True
    rate: float = 1.0
    batch: int | None = None
    """Messages that are claimed at once: few, so that all of a crowd have some."""
    delay: float = 0.0
    """Seconds that the provider takes for a text: so long a process can be killed in the middle of it."""


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "sqlite": Layout("SQLite, one engine", Alone(), postgres=False),
        "postgres": Layout("PostgreSQL, one engine", Alone()),
        "engines": Layout("PostgreSQL, two engines", Crowd((SERVE, SERVE)), rate=10, batch=40, delay=0.1),
        "workers": Layout(
            "PostgreSQL, two engines, two workers",
            Crowd((HANDING_ON, HANDING_ON, WORKING, WORKING)),
            rate=10,
            batch=40,
            delay=0.1,
        ),
    }
)


def play(
    layout: Layout, database: str | None, *, patients: int, kills: int, seed: int, waves: Sequence[Wave] = WAVES
) -> Verdict:
    """Play in a folder that is thrown away; `database` is the address of an empty one on PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="aftercare-chaos-"))
    try:
        site = Site(folder, batch=layout.batch)
        site.open(rate=layout.rate)
        if database:
            site.environ |= {"AFTERCARE_DATABASE_URL": database, **keys()}
            site.done("db", "upgrade")
        with providers(folder, site.clock.file, moody=MOODY, delay=layout.delay) as reached:
            site.environ |= reached.environ
            return Play(layout.title, layout.hunt, site, reached, patients, kills, seed, waves).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def databases() -> Iterator["Databases"]:
    """Give empty databases, on a server that is started when one is asked for first."""
    with ExitStack() as held:
        yield Databases(held)


@dataclass
class Databases:
    """See `databases`."""

    held: ExitStack
    _made: int = 0

    def empty(self) -> str:
        """Return the address of a new one. Raises SystemExit where PostgreSQL's programs are not installed."""
        programs = server_programs()
        if programs is None:
            raise SystemExit("PostgreSQL's server programs (initdb, postgres) are not installed")
        if not self._made:
            self._cluster = self.held.enter_context(running(programs))
        self._made += 1
        return self._cluster.url(self._cluster.create("template0"))
