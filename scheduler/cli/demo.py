"""`aftercare demo`: six weeks of two sample clinics in under a minute, with the real engine on a faster clock."""

import asyncio
import logging
import shutil
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer

from scheduler.cli.demo_cast import Cast
from scheduler.cli.demo_view import DemoView
from scheduler.cli.output import console
from scheduler.cli.wiring import Product, open_product
from scheduler.clock import Clock, FixedClock, TimeLapseClock
from scheduler.errors import ConflictError
from scheduler.paths import sample, shipped
from scheduler.runtime.engine import Engine
from scheduler.runtime.lock import only_engine
from scheduler.services.happening import Happening
from scheduler.services.importing import Importer
from scheduler.settings import Settings

STARTS_AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
ENDS_AT = STARTS_AT + timedelta(weeks=6)
SECONDS = 36
"""How long the time between the messages takes altogether; the sending itself comes on top."""

MARK = ".aftercare-demo"
DATABASE = "aftercare.db"


@dataclass(frozen=True, slots=True)
class Chapter:
    """At `at` the clinics import these exports: (clinic, file among the samples)."""

    at: datetime
    exports: tuple[tuple[str, str], ...]


STORY = (
    Chapter(STARTS_AT, (("lumiere", "lumiere.csv"), ("serena", "serena.csv"))),
    Chapter(STARTS_AT + timedelta(days=5, hours=6), (("lumiere", "lumiere-later.csv"),)),
)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    *,
    leave: Annotated[bool, typer.Option("--exit", help="End when the six weeks are over.")] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", help="How long the six weeks take.", min=1, max=600)
    ] = SECONDS,
) -> None:
    """Play six weeks of two sample clinics. Always a rehearsal, in the folder demo/: nothing leaves this machine."""
    folder = Path("demo")
    _refuse_foreign(folder)
    # The view has the terminal to itself; what would be logged is on it.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    settings = Settings(
        database_url=f"sqlite:///{folder / DATABASE}",
        config_dir=shipped("config"),
        templates_dir=shipped("templates"),
        data_dir=folder,
    )
    with only_engine(folder / DATABASE), DemoView(STARTS_AT, ENDS_AT) as view:
        _clear(folder)
        finished = _play(settings, view, seconds)
    view.print_summary(settings.outbox_dir, finished=finished)
    if not finished:
        raise typer.Exit(130)
    if not leave:
        console.print("Ctrl-C ends the demo.")
        signal.pause()


def _play(settings: Settings, view: DemoView, seconds: float) -> bool:
    """Play the story; return whether it came to its end (Ctrl-C stops it cleanly)."""
    rate = (ENDS_AT - STARTS_AT).total_seconds() / seconds
    ends = [chapter.at for chapter in STORY[1:]] + [ENDS_AT]
    for chapter, until in zip(STORY, ends, strict=True):
        with open_product(settings=settings, clock=FixedClock(chapter.at)) as product:
            _import(product, chapter, view)
        if not asyncio.run(_run(settings, view, chapter.at, until, rate)):
            return False
    return True


def _import(product: Product, chapter: Chapter, view: DemoView) -> None:
    for clinic, export in chapter.exports:
        place = product.configuration.clinic(clinic)
        report = Importer(product.store, product.configuration, product.clock, place).run(sample(export))
        view.imported(chapter.at, place, export, report)


async def _run(settings: Settings, view: DemoView, start: datetime, until: datetime, rate: float) -> bool:
    """Run the engine from `start` to `until`; return False when it was interrupted."""
    stop, interrupted = asyncio.Event(), asyncio.Event()

    def interrupt() -> None:
        interrupted.set()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupt)
    clock: Clock = TimeLapseClock(start, rate=rate, until=until, at_end=stop.set)
    with open_product(settings=settings, clock=clock) as product:
        view.follow(clock, product.configuration)
        cast = Cast(product, view.acted)

        def watch(happening: Happening) -> None:
            view.happened(happening)
            cast.act(happening)

        await Engine(product.store, product.dispatcher(watch), clock, stop).run()
    return not interrupted.is_set()


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that no demo made: its files are somebody's."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConflictError(f"{folder.absolute()} is no folder of a demo: move it away, or run the demo elsewhere")
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise ConflictError(f"{folder.absolute()} is not from a demo: move it away, or run the demo elsewhere")


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left. Its lock is held, so that no running demo loses its folder."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif not path.name.endswith("-lock"):
            path.unlink()
    (folder / MARK).write_text("Made by `aftercare demo`; the next demo clears this folder.\n", encoding="utf-8")
