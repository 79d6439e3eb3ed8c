"""`aftercare bounces`: takes in mail that came back, from a maildir, an mbox file or a pipe."""

import contextlib
import mailbox
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from scheduler.cli.output import Json, console, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.errors import ConflictError, KeysError, NotFoundError
from scheduler.services.bounces import MOST_BYTES, Bounces, Taken

OURS = frozenset(Taken) - {Taken.FOREIGN, Taken.NO_BOUNCE}
"""What `--remove` takes away: the rest is somebody else's, or a person may want to read it."""

Take = Callable[[bytes], Taken]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="bounces")(take_in)


def take_in(
    *,
    maildir: Annotated[
        Path | None, typer.Option(help="The folder of the mailbox that bounces go to (Maildir).")
    ] = None,
    mbox: Annotated[Path | None, typer.Option(help="The file of that mailbox (mbox).")] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take what was taken in out of the mailbox; other mail stays.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in mail that came back: end its message, and switch an address off that does not exist.

    Without --maildir or --mbox one mail is read from standard input, as a mail server pipes it. What was taken in
    before changes nothing.
    """
    if maildir and mbox:
        raise typer.BadParameter("name one: --maildir or --mbox")
    piped = maildir is None and mbox is None
    if piped and (remove or sys.stdin.isatty()):
        raise typer.BadParameter("name --maildir or --mbox, or pipe one mail into it")
    broken: list[KeysError] = []
    with open_product(create=False) as product:
        take = _taker(product)
        if piped:
            counts = Counter([take(sys.stdin.buffer.read(MOST_BYTES))])
        else:
            with _opened(maildir, mbox) as box:
                counts = _take_all(box, take, remove=remove, broken=broken)
    if as_json:
        print_json({taken.value: counts[taken] for taken in Taken})
    else:
        console.print(f"{_said(counts)}.")
    if broken:
        raise ConflictError(f"{len(broken)} of the mails could not be worked on and stay there: {broken[0]}")


def _taker(product: Product) -> Take:
    return Bounces(product.store, product.configuration, product.clock, product.owner).take_in


def _take_all(box: "mailbox.Mailbox[Any]", take: Take, *, remove: bool, broken: list[KeysError]) -> Counter[Taken]:
    """Take every mail in, each committed before it is taken out of the mailbox.

    One about what can't be opened stays there, and goes to `broken`: it keeps no other from its turn.
    """
    counts: Counter[Taken] = Counter()
    for key in box.keys():  # noqa: SIM118  (a mailbox iterates over its mails)
        raw = _read(box, key)
        if raw is None:
            continue
        try:
            taken = take(raw)
        except KeysError as error:
            broken.append(error)
            continue
        counts[taken] += 1
        if remove and taken in OURS:
            box.discard(key)
    return counts


def _read(box: "mailbox.Mailbox[Any]", key: str) -> bytes | None:
    """Return a mail, None for one that another program took out of the mailbox meanwhile."""
    try:
        return box.get_bytes(key)[:MOST_BYTES]
    except (KeyError, FileNotFoundError):
        return None


@contextlib.contextmanager
def _opened(maildir: Path | None, mbox: Path | None) -> "Iterator[mailbox.Mailbox[Any]]":
    """Open the mailbox, locked while it is read, and write back what was taken out of it."""
    try:
        box: mailbox.Mailbox[Any] = (
            mailbox.Maildir(maildir, create=False) if maildir else mailbox.mbox(mbox or "", create=False)
        )
        box.lock()
    except mailbox.NoSuchMailboxError:
        raise NotFoundError(f"there is no mailbox {maildir or mbox}: see where your mail server puts it") from None
    except mailbox.ExternalClashError:
        raise ConflictError(f"{maildir or mbox} is in use by another program: try again in a moment") from None
    try:
        yield box
    finally:
        box.flush()
        box.unlock()
        box.close()


WORDS = {
    Taken.DEAD: "of an address that does not exist",
    Taken.UNDELIVERED: "not delivered",
    Taken.DELAYED: "delayed",
    Taken.KNOWN: "known already",
    Taken.FOREIGN: "about no mail of ours",
    Taken.NO_BOUNCE: "no bounce",
}


def _said(counts: Counter[Taken]) -> str:
    return ", ".join(f"{counts[taken]} {words}" for taken, words in WORDS.items() if counts[taken]) or "No mail"
