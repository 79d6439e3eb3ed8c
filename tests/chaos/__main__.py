"""Kills engines and workers, thousands of messages long, and counts what the providers took: `make chaos`.

Exits with 1 unless nothing was lost, no text came twice, and no mail but with the same Message-ID.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rich.console import Console
from rich.table import Table

from tests.chaos.layouts import LAYOUTS, databases, play
from tests.chaos.play import ANY
from tests.chaos.points import POINTS
from tests.chaos.verdict import Verdict

console = Console(width=118)
Figure = Callable[[Verdict], int]
FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "kills": lambda it: it.kills.total(),
        "messages": lambda it: it.messages,
        "hand-overs at the providers": lambda it: it.handovers,
        "lost": lambda it: it.lost,
        "texts twice": lambda it: it.twice,
        "emails twice": lambda it: it.emails_twice,
        "emails again, same Message-ID": lambda it: it.copies,
        "not in the plan": lambda it: it.strangers,
        "faults": lambda it: len(it.faults),
        "seconds": lambda it: round(it.seconds),
    }
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("layouts", nargs="*", metavar="LAYOUT", help=f"{', '.join(LAYOUTS)} (all)")
    parser.add_argument("--patients", type=int, default=300, help="each gets 8 messages (300)")
    parser.add_argument("--kills", type=int, default=50, help="at least, for each layout (50)")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (1)")
    asked = parser.parse_args()
    if unknown := set(asked.layouts) - set(LAYOUTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}: there are {', '.join(LAYOUTS)}")
    verdicts = []
    with databases() as servers:
        for name in asked.layouts or LAYOUTS:
            layout = LAYOUTS[name]
            console.print(f"{layout.title} …")
            database = servers.empty() if layout.postgres else None
            verdicts.append(play(layout, database, patients=asked.patients, kills=asked.kills, seed=asked.seed))
    report(verdicts)
    sys.exit(0 if all(verdict.kept for verdict in verdicts) else 1)


def report(verdicts: list[Verdict]) -> None:
    """Print the kills by point, and what became of the messages."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for verdict in verdicts:
        table.add_column(verdict.layout, justify="right", max_width=20)
    for point, name in [*((point, it.meaning) for point, it in POINTS.items()), (ANY, ANY)]:
        table.add_row(f"killed {name}", *(str(verdict.kills[point]) for verdict in verdicts))
    for name, figure in FIGURES.items():
        table.add_row(name, *(str(figure(verdict)) for verdict in verdicts), style="bold" if name == "kills" else "")
    console.print(table)
    for verdict in verdicts:
        for fault in verdict.faults:
            console.print(f"{verdict.layout}: {fault}", markup=False, highlight=False)


if __name__ == "__main__":
    main()
