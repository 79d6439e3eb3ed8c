"""The demo's live view: the clock, what goes to whom and why, and the sums at the end."""

import shutil
import sys
from collections import Counter, deque
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from scheduler.cli.output import console
from scheduler.clock import Clock
from scheduler.domain.clinic import Clinic
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.exports.importing import ImportReport
from scheduler.services.happening import Happening

SHOWN, FEWEST = 16, 5
AROUND = 14
"""Lines of the terminal that are not for messages: what stands above the moving part, its frame, and its sums."""
WIDE = 120
"""Columns from which on the clinic's name has room in each line."""
MARKS = {
    Status.ACCEPTED: ("sent", "green"),
    Status.SUPPRESSED: ("not sent", "yellow"),
    Status.EXPIRED: ("not sent", "yellow"),
    Status.CANCELLED: ("cancelled", "yellow"),
    Status.HELD: ("held", "magenta"),
    Status.FAILED: ("failed", "red"),
}


class DemoView:
    """Shows what happens; on anything but a terminal it prints a plain line for each happening."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._end = start, end
        self._at = start
        self._rows: deque[Text] = deque(maxlen=max(FEWEST, min(SHOWN, console.height - AROUND)))
        self._counts: Counter[tuple[str, str]] = Counter()
        self._clock: Clock | None = None
        self._closed = False
        self._configuration: Configuration | None = None
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=12, transient=True)

    def __enter__(self) -> Self:
        """Begin; the terminal is taken by `follow`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self._live.stop()

    def close(self) -> None:
        """Give the terminal back; from now on a plain line is printed for each happening."""
        self._live.stop()
        self._closed = True

    def open_at(self, link: str, *, waits: bool) -> None:
        """Show the link that lets a person into the console, where nothing moves: it is there to be copied."""
        if not console.is_terminal:
            _say(f"The console: {link}")
            return
        _say("[bold]Aftercare[/] plays six weeks of two sample clinics. Nothing leaves this machine.\n")
        _say("Open this in your browser and press [bold]Sign in[/]. The link works once:\n")
        _say(f"  [cyan]{link}[/]\n")
        begin = "It begins when you are signed in, or with Enter. " if waits else ""
        _say(f"{begin}Ctrl-C ends it.")

    def follow(self, clock: Clock, configuration: Configuration) -> None:
        """Show the time of `clock` from now on, and take the terminal until `close`."""
        self._clock, self._configuration = clock, configuration
        if console.is_terminal and not self._closed:
            self._live.start()

    def imported(self, at: datetime, clinic: Clinic, export: str, report: ImportReport) -> None:
        """Show an import and the rows that were refused."""
        said = ", ".join(f"{count} {result}" for result, count in report.totals.items() if count)
        self._add(at, clinic, Text.assemble(("import ", "bold blue"), f"{export}: {said}"))
        for row in report.rows:
            if row.result == "refused":
                self._add(at, clinic, Text.assemble(("refused ", "bold red"), f"row {row.row}: {row.reason}"))

    def happened(self, happening: Happening) -> None:
        """Show what became of a message."""
        assert self._configuration is not None
        said, colour = MARKS.get(happening.status, (happening.status.value, "dim"))
        self._counts[said, happening.channel.value] += 1
        clinic = self._configuration.clinic(happening.clinic)
        line = Text.assemble(
            (f"{said:<10}", f"bold {colour}"),
            f"{happening.channel:<6}",
            (f"{happening.language:<3}", "cyan"),
            f"{happening.patient:<18.18}",
            (f"{happening.step:<22.22}", "bold"),
            (self._why(happening, clinic), "dim"),
        )
        self._add(happening.at, clinic, line)

    def acted(self, at: datetime, clinic: Clinic, who: str, what: str) -> None:
        """Show what a patient wrote, or what the desk did."""
        mark = ("←", "bold blue")
        self._add(at, clinic, Text.assemble(mark, " " * 18, f"{who:<18.18}", what))

    def _why(self, happening: Happening, clinic: Clinic) -> str:
        """Say why it was due, for what went out; why not, for what did not."""
        reasons = happening.planned if happening.status is Status.ACCEPTED else happening.reasons
        return sentence(reasons, clinic.timezone)

    def _add(self, at: datetime, clinic: Clinic, line: Text) -> None:
        local = f"{at.astimezone(clinic.timezone):%a %d %b %H:%M}"
        place = Text(f"{clinic.name:<18.18} " if console.width >= WIDE else "", "magenta")
        row = Text.assemble((f"{local}  ", "white"), place, line)
        row.no_wrap, row.overflow = True, "ellipsis"
        self._rows.append(row)
        if self._closed or not console.is_terminal:
            console.print(row, soft_wrap=not console.is_terminal)

    def _render(self) -> RenderableType:
        self._at = self._clock.now() if self._clock else self._at
        done = (self._at - self._start).total_seconds()
        total = (self._end - self._start).total_seconds()
        week = min(6, int(done // (7 * 86_400)) + 1)
        head = Table.grid(expand=True)
        head.add_column()
        head.add_column(justify="right")
        head.add_row(
            Text.assemble(("Aftercare ", "bold"), f"two sample clinics, week {week} of 6"),
            Text(f"{self._at:%A %d %B %Y}", style="bold cyan"),
        )
        bar = Padding(ProgressBar(total=total, completed=done, width=None, complete_style="cyan"), 0)
        empty = [Text("")] * ((self._rows.maxlen or 0) - len(self._rows))
        body = Panel(
            Group(*self._rows, *empty), box=box.ROUNDED, border_style="dim", title="what goes to whom, and why"
        )
        return Group(head, bar, body, self._sums())

    def _sums(self) -> Text:
        counts = self._counts
        kept = sum(count for (said, _), count in counts.items() if said != "sent")
        return Text.assemble(
            (f"{counts['sent', 'sms']} SMS", "bold green"),
            " and ",
            (f"{counts['sent', 'email']} emails", "bold green"),
            f" sent (rehearsed), {kept} not sent, each with its reason",
        )

    def print_summary(self, outbox: Path, *, finished: bool) -> None:
        """Print how it ended and where to look next."""
        said = "Six weeks are over" if finished else f"Stopped on {self._at:%A %d %B}"
        console.print(f"\n[bold]{said}.[/] ", self._sums(), ".", sep="", highlight=False, soft_wrap=True)
        _say(f"  Texts and mails       [cyan]{outbox}/[/]")
        _say(f"  Why, step by step     [cyan]AFTERCARE_DATA_DIR={outbox.parent} {_command()} timeline 1[/]")

    def stay_open(self, address: str, link: str) -> None:
        """Print that the console is still there; `link` is for a browser in which nobody is signed in."""
        _say(f"  The console           [cyan]{address}[/]")
        _say(f"  From another browser  [cyan]{link}[/]")
        _say("\nNow it is yours: a question waits in the inbox; register a patient; try what you like.")
        _say("The clock goes on as on a wall. Ctrl-C ends it.\n")


def _say(text: str) -> None:
    """Print a line that is not broken, however narrow the terminal is: a link must stay one."""
    console.print(text, highlight=False, soft_wrap=True)


def _command() -> str:
    """Return how this command was called, or is found: after `make demo` it is on no path."""
    called = sys.argv[0]
    return called if called.endswith("/aftercare") and not shutil.which("aftercare") else "aftercare"
