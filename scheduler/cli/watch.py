"""`aftercare watch`: imports the exports that a booking system puts into a folder."""

import json
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.output import one_line, plain, say_warning
from scheduler.cli.stopping import stops_on_signals
from scheduler.cli.wiring import Product, open_product
from scheduler.errors import NotFoundError, StoreError
from scheduler.runtime.lock import only_watcher
from scheduler.services.dropping.folder import Folder
from scheduler.services.dropping.report import counted
from scheduler.services.dropping.watcher import Dropped, Watcher
from scheduler.services.edited_files import EditedFiles
from scheduler.services.reloading import Reloader

LOOK = 1.0
"""Seconds between two looks."""
_SECONDS = {"": 1, "s": 1, "m": 60}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def _settle(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})\s*([sm]?)", text.strip(), re.ASCII)
    if not found:
        raise typer.BadParameter("is a whole number of seconds or minutes, such as 5s or 1m")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that exports are put into.")],
    *,
    clinic: Annotated[str, typer.Option(help="The clinic's id: the name of its file under config/clinics.")],
    once: Annotated[bool, typer.Option("--once", help="Import what is there, and end: for cron.")] = False,
    settle: Annotated[
        timedelta, typer.Option(parser=_settle, metavar="TIME", help="How long a file stays as it is to be whole.")
    ] = "5s",  # type: ignore[assignment]  # the parser reads it
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each file.")] = False,
) -> None:
    """Import each export that arrives in a folder, and move it to done/ or refused/ with its report beside it.

    Runs until SIGTERM or Ctrl-C, which let a batch of rows end. With --once exit code 1 if anything was refused.
    """
    with open_product() as product, only_watcher(folder):
        ends = stops_on_signals()
        place = Folder(folder, settle)
        watcher = Watcher(
            product.store,
            product.configuration,
            product.clock,
            product.configuration.clinic(clinic),
            place,
            ends.is_set,
        )
        watching = _Watching(product, watcher, ends, as_json=as_json)
        clean = watching.once() if once else watching.on_and_on()
    if not clean:
        raise typer.Exit(1)


@dataclass(slots=True)
class _Watching:
    """Looks, and prints what became of each file: nothing of what is in it."""

    product: Product
    watcher: Watcher
    ends: threading.Event
    as_json: bool
    _said: set[str] = field(default_factory=set)

    def once(self) -> bool:
        """Take what is there, waiting no longer than a whole file needs; return whether all was clean."""
        clock, folder = self.product.clock, self.watcher.folder
        until = clock.now() + folder.settle + timedelta(seconds=2 * LOOK)
        clean = True
        while not self.ends.is_set():
            for it in self._told(self.watcher.look()):
                clean &= it.is_clean
            if not folder.waits or clock.now() >= until:
                break
            self.ends.wait(LOOK)
        if folder.waits:
            say_warning(f"{folder.path}: a file is still being written, or not taken: it is left for the next time")
        return clean

    def on_and_on(self) -> bool:
        """Take what arrives until a signal comes."""
        settings = self.product.settings
        files = EditedFiles(settings.config_dir, settings.templates_dir)
        reloader = Reloader(
            self.product.store, self.product.clock, self.product.owner, files, lambda _: None, alone=False
        )
        if not self.as_json:
            sys.stderr.write(f"Aftercare watches {self.watcher.folder.path} for {self.watcher.clinic.id}.\n")
        while not self.ends.wait(LOOK):
            self._follow(reloader)
            try:
                for _ in self._told(self.watcher.look()):
                    pass
            except StoreError as error:
                self._say_once("database", str(error))
            except OSError as error:
                self._say_once(
                    "folder", f"{error.filename or self.watcher.folder.path}: {error.strerror}: looking on"
                )
            else:
                self._said -= {"database", "folder"}
        return True

    def _follow(self, reloader: Reloader) -> None:
        """Work by edited files where they are sound."""
        if edition := reloader.look():
            try:
                self.watcher.by(edition.configuration)
            except NotFoundError as error:
                self._say_once("clinic", f"{error}: what was there before counts")

    def _told(self, files: Iterator[Dropped]) -> Iterator[Dropped]:
        for file in files:
            self._tell(file)
            yield file
        for name in self.watcher.folder.links:
            self._say_once(f"link {name}", f"{one_line(name)}: is a link, and left alone: put the file itself there")
        for name in self.watcher.folder.others:
            self._say_once(f"other {name}", f"{one_line(name)}: is no file (a pipe, a socket), and left alone")

    def _tell(self, file: Dropped) -> None:
        if self.as_json:
            said = {"at": self.product.clock.now(), "file": file.name, "to": file.to, "totals": dict(file.totals)}
            said |= {"unread": file.unread, "trouble": file.trouble or None}
            sys.stdout.write(json.dumps(said, default=plain) + "\n")
        elif file.trouble:
            say_warning(f"{one_line(file.name)}: {file.trouble}; it is tried again")
        else:
            what = "nothing could be read from it" if file.unread else counted(file.totals)
            sys.stdout.write(f"{one_line(file.name)}: {what}: now {one_line(file.to or '')}\n")
        sys.stdout.flush()

    def _say_once(self, what: str, text: str) -> None:
        """Warn of what goes on, and not each second."""
        if what not in self._said:
            self._said.add(what)
            say_warning(text)
