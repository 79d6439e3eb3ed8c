"""What every measure is given: where to measure, how much, how often; and how rounds alternate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.databases import Databases
from benchmarks.errors import BenchError
from benchmarks.figures import Side
from benchmarks.installation import Installation
from benchmarks.servers.control import ServerProcess
from benchmarks.sizes import Sizes

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """One run: the installation, its providers, the stores that this machine has, and how much to measure."""

    installation: Installation
    sms: ServerProcess
    smtp: ServerProcess
    stores: Mapping[str, Databases]
    sizes: Sizes
    say: Say

    def alternate(self, unit: str, sides: Mapping[str, Callable[[], float]]) -> dict[str, Side]:
        """Measure every side once a round, each round beginning with another, and return the figures by name."""
        figures: dict[str, list[float]] = {name: [] for name in sides}
        names = list(sides)
        for number in range(self.sizes.rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                figures[name].append(sides[name]())
                self.say(f"round {number + 1}, {name}: {figures[name][-1]:.5g} {unit}")
        return {name: Side(name, unit, tuple(found)) for name, found in figures.items()}


def expect(sent: int, expected: int) -> None:
    """Raise BenchError when a side did not do its work."""
    if sent != expected:
        raise BenchError(f"{expected} messages were due, {sent} were sent")
