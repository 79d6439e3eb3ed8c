"""`aftercare user`: who may sign in at the desk, and as what. The first administrator comes from here."""

import sys
from datetime import UTC, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from scheduler.cli.operator import By
from scheduler.cli.output import Json, console, print_json
from scheduler.cli.staff import (
    Clinic,
    EveryClinic,
    Login,
    PasswordFile,
    chosen_clinic,
    identity,
    shown_clinic,
    whose_word,
)
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.access import Role
from scheduler.errors import SettingsError
from scheduler.services.users import LINK_LASTS, login_link
from scheduler.store.users import User

RoleOption = Annotated[Role, typer.Option(help="What the user is there.")]
Link = Annotated[bool, typer.Option("--link", help="Print a one-time link with which the user chooses a password.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Who may sign in at the desk, and as what.", no_args_is_help=True)
    group.command(name="add")(add)
    group.command(name="list")(show)
    group.command(name="grant")(grant)
    group.command(name="revoke")(revoke)
    group.command(name="disable")(disable)
    group.command(name="enable")(enable)
    group.command(name="password")(password)
    group.command(name="link")(link)
    group.command(name="forget-second-factor")(forget_second_factor)
    app.add_typer(group, name="user")


def add(
    login: Login,
    *,
    name: Annotated[str, typer.Option(help="The user's own name.")] = "",
    role: RoleOption = Role.STAFF,
    clinic: Clinic = "",
    every_clinic: EveryClinic = False,
    language: Annotated[str, typer.Option(help="What the desk speaks: en, fr or es; else the browser's.")] = "",
    password_file: PasswordFile = None,
    with_link: Link = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let somebody sign in: with a password that is asked for here, or one of a file, or by a one-time link."""
    where = chosen_clinic(clinic, every=every_clinic)
    if password_file and with_link:
        raise typer.BadParameter("give --password-file or --link, not both")
    secret = None if with_link else _secret(password_file)
    with open_product(sound_only=True) as product:
        users, who = identity(product).users, whose_word(by)
        user = users.add(login, name or login, role, where, who, language=language or None, password=secret)
        address = _address(product, users.link(user, who)) if with_link else None
        if as_json:
            print_json({"user": _as_json(users.find(login)), **_link_as_json(address)})
            return
        _say(f"{users.find(login).login} is {role} at {shown_clinic(where)}.")
        _say_link(address)


def show(*, as_json: Json = False) -> None:
    """List who may sign in, and as what at which clinic."""
    with open_product(create=False, sound_only=True) as product:
        found = identity(product).users.seen_by(whose_word(""))
    if as_json:
        print_json({"users": [_as_json(user) for user in found]})
    elif found:
        console.print(_table(found))
    else:
        _say("Nobody may sign in yet: `aftercare user add LOGIN --every-clinic --role admin` adds the first.")


def grant(
    login: Login,
    role: Annotated[Role, typer.Argument(help="What the user is there from now on.")],
    *,
    clinic: Clinic = "",
    every_clinic: EveryClinic = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Make a user something at a clinic, in place of what it was there."""
    where = chosen_clinic(clinic, every=every_clinic)
    _change(login, by, f"is {role} at {shown_clinic(where)}", as_json, grant=(where, role))


def revoke(
    login: Login, *, clinic: Clinic = "", every_clinic: EveryClinic = False, by: By = "", as_json: Json = False
) -> None:
    """Take a user's role away: at a clinic, or the one for all of them; roles for single clinics stay then."""
    where = chosen_clinic(clinic, every=every_clinic)
    _change(login, by, f"has no role at {shown_clinic(where)} any more", as_json, grant=(where, None))


def disable(login: Login, *, by: By = "", as_json: Json = False) -> None:
    """Shut a user out at once: open sessions and waiting links end too."""
    with open_product(create=False, sound_only=True) as product:
        users = identity(product).users
        users.disable(users.find(login).id, whose_word(by))
        _tell(users.find(login), "is shut out, from this moment on", as_json)


def enable(login: Login, *, by: By = "", as_json: Json = False) -> None:
    """Let a user sign in again, with the password and the roles of before."""
    with open_product(create=False, sound_only=True) as product:
        users = identity(product).users
        users.enable(users.find(login).id, whose_word(by))
        _tell(users.find(login), "may sign in again", as_json)


def password(login: Login, *, password_file: PasswordFile = None, by: By = "", as_json: Json = False) -> None:
    """Give a user a new password; open sessions end."""
    with open_product(create=False, sound_only=True) as product:
        users = identity(product).users
        user = users.find(login)
        users.set_password(user.id, _secret(password_file), whose_word(by))
        _tell(users.find(login), "has a new password; open sessions have ended", as_json)


def link(login: Login, *, by: By = "", as_json: Json = False) -> None:
    """Print a one-time link with which a user chooses a new password. A link made before works no more."""
    with open_product(create=False, sound_only=True) as product:
        users = identity(product).users
        address = _address(product, users.link(users.find(login).id, whose_word(by)))
        if as_json:
            print_json({"user": _as_json(users.find(login)), **_link_as_json(address)})
        else:
            _say_link(address)


def forget_second_factor(login: Login, *, by: By = "", as_json: Json = False) -> None:
    """Ask a user for no code any more who has lost phone and recovery codes. Be sure of who asks you for it."""
    with open_product(create=False, sound_only=True) as product:
        users = identity(product).users
        users.forget_second_factor(users.find(login).id, whose_word(by))
        _tell(users.find(login), "signs in with the password alone", as_json)


def _change(login: str, by: str, said: str, as_json: bool, *, grant: tuple[str, Role | None]) -> None:
    with open_product(create=False, sound_only=True) as product:
        users = identity(product).users
        users.grant(users.find(login).id, *grant, whose_word(by))
        _tell(users.find(login), said, as_json)


def _tell(user: User, said: str, as_json: bool) -> None:
    if as_json:
        print_json({"user": _as_json(user)})
    else:
        _say(f"{user.login} {said}.")


def _secret(file: Path | None) -> str:
    """Return a password, from a file or asked for twice at the terminal: never from the command's words."""
    if file is None:
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody can be asked here: give --password-file", param_hint="password")
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise SettingsError(f"--password-file: can't read {file}: {reason}") from error
    return text.split("\n", 1)[0].rstrip("\r")


def _address(product: Product, token: str) -> str:
    return login_link(product.settings.public_url, token)


def _say_link(address: str | None) -> None:
    if address:
        _say(f"This link lets the user in once, within {_days(LINK_LASTS)}. Hand it over on a safe way:")
        _say(address)


def _link_as_json(address: str | None) -> dict[str, str]:
    return {"link": address} if address else {}


def _days(span: timedelta) -> str:
    return f"{span.days} days"


def _table(users: tuple[User, ...]) -> Table:
    table = Table("login", "name", "roles", "second factor", "", box=None)
    for user in users:
        roles = ", ".join(f"{role} at {shown_clinic(clinic)}" for clinic, role in user.grants.items())
        state = f"disabled {user.disabled_at.astimezone(UTC):%Y-%m-%d}" if user.disabled_at else ""
        pending = "" if user.has_password or state else "no password yet"
        factor = "yes" if user.second_factor_since else "no"
        table.add_row(user.login, user.name, roles or "none", factor, state or pending)
    return table


def _as_json(user: User) -> dict[str, Any]:
    return {
        "login": user.login,
        "name": user.name,
        "language": user.language,
        "roles": dict(user.grants),
        "has_password": user.has_password,
        "second_factor": user.second_factor_since is not None,
        "created_at": user.created_at,
        "created_by": user.created_by,
        "disabled_at": user.disabled_at,
        "disabled_by": user.disabled_by,
    }


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)
