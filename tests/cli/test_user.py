"""`aftercare user` and `aftercare key`: who may come to the desk."""

import re
from pathlib import Path

import pytest

from tests.cli.command import Command

PASSWORD = "nettle copper window seven"


@pytest.fixture
def password(aftercare: Command) -> Path:
    file = aftercare.folder / "password.txt"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return file


def test_the_first_administrator_comes_from_the_command_line(aftercare: Command, password: Path) -> None:
    assert "adds the first" in aftercare.done("user", "list")
    options = ("--name", "Anna Berg", "--role", "admin", "--every-clinic", "--password-file", str(password))
    assert aftercare.done("user", "add", "Anna", *options) == "anna is admin at every clinic.\n"
    (anna,) = aftercare.json("user", "list")["users"]
    assert (anna["login"], anna["roles"], anna["has_password"]) == ("anna", {"*": "admin"}, True)
    assert anna["created_by"].startswith("operator:")
    assert "admin at every clinic" in aftercare.done("user", "list")


def test_an_invited_user_gets_a_link_that_is_shown_once(aftercare: Command) -> None:
    made = aftercare.json("user", "add", "bob", "--clinic", "north", "--link")
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/desk/login/link/[\w-]{32}", made["link"])
    assert made["user"]["roles"] == {"north": "staff"}
    again = aftercare.json("user", "link", "bob")["link"]
    assert again != made["link"]
    assert "no password yet" in aftercare.done("user", "list")
    assert "works" not in aftercare.done("user", "link", "bob").partition("http")[2]


def test_roles_are_given_and_taken(aftercare: Command, password: Path) -> None:
    aftercare.done("user", "add", "bob", "--clinic", "north", "--password-file", str(password))
    assert aftercare.done("user", "grant", "bob", "operator", "--clinic", "south") == "bob is operator at south.\n"
    assert aftercare.json("user", "revoke", "bob", "--clinic", "north")["user"]["roles"] == {"south": "operator"}
    assert "any more" in aftercare.done("user", "revoke", "bob", "--clinic", "south")


def test_a_user_is_shut_out_and_let_in_again(aftercare: Command, password: Path) -> None:
    aftercare.done("user", "add", "bob", "--clinic", "north", "--password-file", str(password))
    assert "shut out" in aftercare.done("user", "disable", "bob")
    assert "disabled 20" in aftercare.done("user", "list")
    assert "enable first" in aftercare.refused("user", "link", "bob")
    assert aftercare.json("user", "enable", "bob")["user"]["disabled_at"] is None


def test_a_password_is_never_a_word_of_the_command(aftercare: Command, password: Path) -> None:
    assert "--password-file" in aftercare.refused("user", "add", "bob", "--clinic", "north", code=2)
    aftercare.done("user", "add", "bob", "--clinic", "north", "--password-file", str(password))
    assert "open sessions have ended" in aftercare.done("user", "password", "bob", "--password-file", str(password))
    password.write_text("short\n", encoding="utf-8")
    refused = aftercare.refused("user", "password", "bob", "--password-file", str(password))
    assert refused == "the password is shorter than 12 characters: four words make a good one"
    assert "can't read nowhere.txt" in aftercare.refused("user", "password", "bob", "--password-file", "nowhere.txt")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("user", "add", "bob", "--link"), 2, "or use --every-clinic"),
        (("user", "add", "bob", "--link", "--clinic", "north", "--every-clinic"), 2, "keep one of --clinic"),
        (("user", "add", "bob", "--link", "--clinic", "nowhere"), 1, "there are north, south"),
        (("user", "add", "b b", "--link", "--clinic", "north"), 1, "a login is"),
        (("user", "disable", "nobody"), 1, "there is no user nobody"),
        (("user", "forget-second-factor", "nobody"), 1, "there is no user nobody"),
        (("key", "create", "--name", "x", "--may", "fly", "--clinic", "north"), 2, "with commas, of read, book"),
        (("key", "create", "--name", "x", "--may", "book", "--clinic", "north"), 1, "add read"),
        (
            ("key", "create", "--name", "x", "--may", "read", "--clinic", "north", "--expires", "soon"),
            2,
            "number and m",
        ),
        (("key", "revoke", "7"), 1, "there is no such key"),
    ],
)
def test_what_can_not_be_is_refused_in_one_line(
    aftercare: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    refused = aftercare.refused(*words, code=code)
    assert said in refused


def test_the_last_who_manages_everything_stays(aftercare: Command, password: Path) -> None:
    options = ("--role", "admin", "--every-clinic", "--password-file", str(password))
    aftercare.done("user", "add", "anna", *options)
    assert "make somebody else admin" in aftercare.refused("user", "disable", "anna")
    assert "make somebody else admin" in aftercare.refused("user", "revoke", "anna", "--every-clinic")


def test_a_key_is_made_shown_once_listed_and_revoked(aftercare: Command) -> None:
    assert "There is no key" in aftercare.done("key", "list")
    options = ("--name", "Booking system", "--clinic", "north", "--may", "read, book", "--expires", "90d")
    made = aftercare.json("key", "create", *options)
    assert re.fullmatch(r"ac_[0-9a-f]{12}_[\w-]{43}", made["bearer"])
    assert made["key"]["may"] == ["book", "read"]
    assert made["key"]["expires_at"]
    listed = aftercare.done("key", "list")
    assert "Booking system" in listed
    assert made["bearer"].split("_", 2)[2] not in listed
    assert "opens nothing any more" in aftercare.done("key", "revoke", str(made["key"]["id"]))
    assert aftercare.json("key", "list")["keys"][0]["revoked_by"].startswith("operator:")
    assert "revoked 20" in aftercare.done("key", "list")
    shown = aftercare.done("key", "create", "--name", "All", "--every-clinic", "--may", "read")
    assert "at every clinic" in shown
    assert "ac_" in shown


def test_neither_a_password_nor_a_key_nor_a_link_is_in_the_database(aftercare: Command, password: Path) -> None:
    aftercare.done("user", "add", "anna", "--clinic", "north", "--password-file", str(password))
    link = aftercare.json("user", "link", "anna")["link"].rpartition("/")[2]
    bearer = aftercare.json("key", "create", "--name", "All", "--every-clinic", "--may", "read")["bearer"]
    folder = aftercare.database.parent
    kept = b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())
    for secret in (PASSWORD, link, bearer.split("_", 2)[2]):
        assert secret.encode() not in kept
