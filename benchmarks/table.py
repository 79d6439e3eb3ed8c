"""What the terminal shows: a line for each thing that was measured, and the table at the end."""

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Results
from benchmarks.goals import GOALS
from benchmarks.words import figure, goal_words, measured_words, verdict

_COLOURS = {"met": "green", "missed": "red", "-": "dim"}
console = Console()


def say(line: str) -> None:
    """Print a line of progress."""
    console.print(line, highlight=False)


def print_table(results: Results) -> None:
    """Print all rows with their goals."""
    table = Table(title=f"Aftercare, {results.size} run of {results.made_on}: median (smallest to largest)")
    for heading in ("", "goal", "measured", ""):
        table.add_column(heading)
    for goal in GOALS:
        row = results.of(goal.id)
        if row is not None:
            word = verdict(goal, row)
            table.add_row(goal.what, goal_words(goal), measured_words(goal, row), f"[{_COLOURS[word]}]{word}[/]")
    console.print(table)
    if results.size != "full":
        console.print("Not of full size: fewer messages, and a tenth or less of those that wait.")
    console.print(", ".join(f"{name} {value}" for name, value in results.facts.items()), highlight=False)
    console.print(f"The server that all sent to takes {figure(results.capacity)} messages a second.", highlight=False)
