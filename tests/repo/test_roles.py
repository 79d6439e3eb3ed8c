"""The page of roles says what the program does."""

import re
from datetime import timedelta

from scheduler.domain.access import PERMISSIONS_OF, Permission, Role
from scheduler.services import account, gate, logins, passwords, second_factor, signing_in, users
from scheduler.store import login_failures
from tests.repo.markdown import ROOT

PAGE = (ROOT / "docs/reference/roles.md").read_text(encoding="utf-8")


def test_every_role_and_what_it_may_do_is_on_the_page() -> None:
    heads = re.search(r"^\| role \|(.+)\|$", PAGE, re.MULTILINE)
    assert heads
    columns = [Permission(it.strip(" `")) for it in heads[1].split("|")]
    assert columns == list(Permission)
    for role in Role:
        row = re.search(rf"^\| `{role}` \|(.+)\|$", PAGE, re.MULTILINE)
        assert row, role
        said = {it for it, mark in zip(columns, row[1].split("|"), strict=True) if mark.strip() == "yes"}
        assert said == PERMISSIONS_OF[role]


def test_every_permission_has_its_sentence() -> None:
    assert re.findall(r"^\| `([a-z]+)` \| [a-z]", PAGE, re.MULTILINE) == [*Permission, *Role]


def test_the_numbers_of_the_page_are_the_programs() -> None:
    rows = dict(re.findall(r"^\| ([^|`]+) \| ([^|]+) \|$", PAGE, re.MULTILINE))
    hours = [span // timedelta(hours=1) for span in (gate.LIFETIME, gate.IDLE)]
    assert rows["a session ends"].startswith("after {} hours, and after {} hour".format(*hours))
    assert rows["between password and code"] == f"{signing_in.HALF_LIFETIME // timedelta(minutes=1)} minutes"
    assert rows["a password"] == f"{passwords.LEAST} to {passwords.MOST} characters"
    waits = rows["wrong passwords that cost nothing"]
    assert waits.startswith(f"{logins.OF_LOGIN} for a login, {logins.OF_CLIENT} for a client's address")
    assert waits.endswith("at most 15 minutes")
    assert login_failures.wait_after(99, logins.OF_LOGIN) == timedelta(minutes=15)
    assert rows["wrong codes that cost nothing"] == str(logins.OF_CODE)
    assert rows["recovery codes"].startswith(f"{second_factor.RECOVERY_CODES},")
    assert rows["a one-time link"].startswith(f"{users.LINK_LASTS.days} days")
    assert str(account.FRESH // timedelta(minutes=1)) in rows["a password chosen without the old one"]
