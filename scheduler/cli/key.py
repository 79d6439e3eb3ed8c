"""`aftercare key`: API keys, with which programs come to the desk."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from scheduler.cli.operator import By
from scheduler.cli.output import Json, console, print_json
from scheduler.cli.staff import Clinic, EveryClinic, chosen_clinic, identity, shown_clinic, whose_word
from scheduler.cli.wiring import open_product
from scheduler.clock import SystemClock
from scheduler.domain.access import Permission
from scheduler.domain.spans import parse_span
from scheduler.store.api_keys import ApiKey

_PERMISSIONS = ", ".join(Permission)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="API keys, for programs.", no_args_is_help=True)
    group.command(name="create")(create)
    group.command(name="list")(show)
    group.command(name="revoke")(revoke)
    app.add_typer(group, name="key")


def create(
    *,
    name: Annotated[str, typer.Option(help="Which program it is for; it goes on record.")],
    may: Annotated[str, typer.Option(help=f"What it may do, with commas between: {_PERMISSIONS}.")],
    clinic: Clinic = "",
    every_clinic: EveryClinic = False,
    expires: Annotated[
        str, typer.Option(help="After how long it ends, such as 90d; else it works until revoked.")
    ] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Make a key and print it: this once, since only its hash is kept."""
    where, permissions = chosen_clinic(clinic, every=every_clinic), _permissions(may)
    expires_at = _end(expires)
    with open_product(sound_only=True) as product:
        made = identity(product).keys.create(name, where, permissions, whose_word(by), expires_at=expires_at)
        if as_json:
            print_json({"key": _as_json(made.key), "bearer": made.bearer})
            return
        _say(f"Key {made.key.id}, {made.key.name}: it may {', '.join(sorted(permissions))} at {shown_clinic(where)}.")
        _say("Its program sends this with each request, as `Authorization: Bearer KEY`. It is shown this once:")
        _say(made.bearer)


def show(*, as_json: Json = False) -> None:
    """List the keys, what they may do, and when they were used last."""
    with open_product(create=False, sound_only=True) as product:
        found = identity(product).keys.seen_by(whose_word(""))
    if as_json:
        print_json({"keys": [_as_json(key) for key in found]})
    elif found:
        console.print(_table(found))
    else:
        _say("There is no key: `aftercare key create --name PROGRAM --clinic CLINIC --may read` makes one.")


def revoke(
    number: Annotated[int, typer.Argument(metavar="KEY", help="Its number.", min=1, max=2**63 - 1)],
    *,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let a key open nothing any more, from this moment on."""
    with open_product(create=False, sound_only=True) as product:
        key = identity(product).keys.revoke(number, whose_word(by))
    if as_json:
        print_json({"key": key.id, "revoked": True})
    else:
        _say(f"Key {key.id}, {key.name}, opens nothing any more.")


def _permissions(text: str) -> frozenset[Permission]:
    try:
        return frozenset(Permission(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        said = f"takes one or several, with commas, of {_PERMISSIONS}"
        raise typer.BadParameter(said, param_hint="--may") from None


def _end(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return SystemClock().now() + parse_span(text).elapsed
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires") from None


def _table(keys: tuple[ApiKey, ...]) -> Table:
    table = Table("key", "name", "clinic", "may", "used (UTC)", "ends (UTC)", box=None)
    now = SystemClock().now()
    for key in keys:
        end = f"revoked {_day(key.revoked_at)}" if key.revoked_at else _day(key.expires_at) or "never"
        style = None if key.works(now) else "dim"
        may = ", ".join(sorted(key.permissions))
        used = f"{key.used_at.astimezone(UTC):%Y-%m-%d %H:%M}" if key.used_at else "never"
        table.add_row(str(key.id), key.name, shown_clinic(key.clinic), may, used, end, style=style)
    return table


def _day(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d}" if instant else ""


def _as_json(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "clinic": key.clinic,
        "may": sorted(key.permissions),
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "used_at": key.used_at,
        "revoked_at": key.revoked_at,
        "revoked_by": key.revoked_by,
    }


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)
