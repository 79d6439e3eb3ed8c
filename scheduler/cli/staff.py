"""What `user` and `key` have in common: whose word it is, at which clinics."""

from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.operator import operator
from scheduler.cli.wiring import Product
from scheduler.domain.access import EVERY_CLINIC, Scope
from scheduler.services.identity import Identity, identity_of
from scheduler.services.users import Manager

Clinic = Annotated[str, typer.Option(help="At this clinic.")]
EveryClinic = Annotated[bool, typer.Option("--every-clinic", help="At all clinics, those that come later too.")]
Login = Annotated[str, typer.Argument(help="What the user types to sign in.", metavar="LOGIN")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="A file with the password on its first line; - reads standard input.")
]


def whose_word(by: str) -> Manager:
    """Return whoever runs the command, who decides over every clinic."""
    return Manager(operator(by), Scope(None))


def identity(product: Product) -> Identity:
    """Return who is who in this installation; sessions and keys go by the machine's clock."""
    return identity_of(product.store, product.configuration)


def chosen_clinic(clinic: str, *, every: bool) -> str:
    """Return the clinic that was named, `EVERY_CLINIC` for all. Raises BadParameter unless it is one of both."""
    if bool(clinic) == every:
        said = "keep one of --clinic and --every-clinic" if every else "name it, or use --every-clinic for all"
        raise typer.BadParameter(said, param_hint="--clinic")
    return EVERY_CLINIC if every else clinic


def shown_clinic(clinic: str) -> str:
    """Return a clinic as people read it."""
    return "every clinic" if clinic == EVERY_CLINIC else clinic
