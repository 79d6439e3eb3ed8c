"""One's own account at the desk: as a browser uses it."""

import re

import pyotp
import pytest

from scheduler.domain.access import EVERY_CLINIC, Role, Scope
from scheduler.services.identity import Identity, identity_of
from scheduler.services.users import Manager
from scheduler.store.audit import Wanted, entries
from scheduler.store.desk_tables import users
from tests.services.house import House
from tests.web.desk import Visitor, as_session, desk_app, make_session, stranger

PASSWORD, OTHER = "nettle copper window seven", "pluie tuile carotte bleue"
OPERATOR = Manager("operator:test", Scope(None))
SECOND_FACTOR = "/desk/account/second-factor"


def identity(house: House) -> Identity:
    return identity_of(house.store, house.configuration)


@pytest.fixture
def anna(house: House) -> int:
    return identity(house).users.add("anna", "Anna Berg", Role.STAFF, "north", OPERATOR, password=PASSWORD)


@pytest.fixture
def visitor(house: House, anna: int) -> Visitor:
    """Anna's browser, signed in."""
    return as_session(desk_app(house), make_session(house.store, anna))


def again(visitor: Visitor) -> Visitor:
    """Return another browser with the same session: a thief's."""
    return Visitor(visitor.app, dict(visitor.cookies))


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/desk/account").status_code == 200


def turn_on(visitor: Visitor) -> tuple[pyotp.TOTP, list[str]]:
    visitor.post(f"{SECOND_FACTOR}/begin", {"current": PASSWORD})
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", visitor.get(SECOND_FACTOR).text)
    assert secret
    phone = pyotp.TOTP(secret[1].replace(" ", ""))
    shown = visitor.post(f"{SECOND_FACTOR}/confirm", {"code": phone.now()})
    assert shown.status_code == 200, shown.text
    return phone, re.findall(r"<code>([0-9a-z-]{14})</code>", shown.text)


def test_name_and_language_are_changed_and_the_page_speaks_it(visitor: Visitor) -> None:
    done = visitor.post("/desk/account/profile", {"name": "Anna  B.", "language": "fr"})
    assert (done.status_code, done.headers["location"]) == (303, "/desk/account")
    shown = visitor.get("/desk/account").text
    assert "Votre compte" in shown
    assert "Enregistré." in shown
    assert 'value="Anna B."' in shown


def test_a_name_that_is_none_is_refused_beside_its_field(visitor: Visitor) -> None:
    refused = visitor.post("/desk/account/profile", {"name": " ", "language": "en"})
    assert refused.status_code == 422
    assert 'href="#name"' in refused.text
    assert 'aria-describedby="name-problem"' in refused.text


def test_where_test_messages_go_is_kept_sealed(house: House, visitor: Visitor) -> None:
    wrong = visitor.post("/desk/account/addresses", {"phone": "12345", "email": "anna@"})
    assert wrong.status_code == 422
    assert 'value="12345"' in wrong.text
    assert 'href="#phone"' in wrong.text
    assert 'href="#email"' in wrong.text
    visitor.post("/desk/account/addresses", {"phone": "+1 416 555 0188", "email": "anna@clinic.example"})
    shown = visitor.get("/desk/account").text
    assert 'value="+14165550188"' in shown
    assert 'value="anna@clinic.example"' in shown
    with house.store.read() as tx:
        row = tx.connection.execute(users.select()).first()
    assert row
    assert b"416" not in row.phone_sealed
    assert b"clinic.example" not in row.email_sealed
    visitor.post("/desk/account/addresses", {"phone": "", "email": ""})
    assert "clinic.example" not in visitor.get("/desk/account").text


def test_a_new_password_needs_the_old_one_and_ends_every_other_session(
    house: House, visitor: Visitor, anna: int
) -> None:
    elsewhere, thief = as_session(visitor.app, make_session(house.store, anna)), again(visitor)
    form = {"password": OTHER, "again": OTHER}
    refused = visitor.post("/desk/account/password", {"current": "wrong wrong wrong", **form})
    assert refused.status_code == 422
    assert 'href="#current"' in refused.text
    assert OTHER not in refused.text
    done = visitor.post("/desk/account/password", {"current": PASSWORD, **form})
    assert done.status_code == 303
    assert is_in(visitor)
    assert not is_in(elsewhere)
    assert not is_in(thief)
    fresh = stranger(visitor.app)
    assert fresh.post("/desk/login", {"login": "anna", "password": OTHER}).status_code == 303
    assert fresh.post("/desk/login", {"login": "anna", "password": PASSWORD}).status_code == 422


def test_the_old_password_can_not_be_guessed_at_an_open_screen(visitor: Visitor) -> None:
    for _ in range(5):
        visitor.post("/desk/account/password", {"current": "wrong", "password": OTHER, "again": OTHER})
    done = visitor.post("/desk/account/password", {"current": PASSWORD, "password": OTHER, "again": OTHER})
    assert done.status_code == 422


def test_without_a_password_only_a_fresh_link_lets_choose_one(house: House) -> None:
    users_of = identity(house).users
    demo = users_of.add("demo", "Demo", Role.ADMIN, EVERY_CLINIC, OPERATOR)
    visitor = as_session(desk_app(house), make_session(house.store, demo))
    assert "Ask an administrator for a one-time link" in visitor.get("/desk/account/password").text
    refused = visitor.post("/desk/account/password", {"password": OTHER, "again": OTHER})
    assert refused.status_code == 422


def test_the_second_factor_is_turned_on_with_a_picture_and_a_first_code(visitor: Visitor) -> None:
    thief = again(visitor)
    assert visitor.get(f"{SECOND_FACTOR}/picture.svg").status_code == 404
    visitor.post(f"{SECOND_FACTOR}/begin", {"current": PASSWORD})
    picture = visitor.get(f"{SECOND_FACTOR}/picture.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "no-store" in picture.headers["cache-control"]
    wrong = visitor.post(f"{SECOND_FACTOR}/confirm", {"code": "000000"})
    assert wrong.status_code == 422
    _, codes = turn_on(visitor)
    assert len(codes) == 10
    assert is_in(visitor)
    assert not is_in(thief)  # a new token
    assert visitor.get(f"{SECOND_FACTOR}/picture.svg").status_code == 404
    assert "10 recovery codes are left" in visitor.get(SECOND_FACTOR).text
    assert codes[0] not in visitor.get(SECOND_FACTOR).text


def test_with_it_the_login_asks_for_a_code_and_then_leads_on(visitor: Visitor) -> None:
    _, codes = turn_on(visitor)
    fresh = stranger(visitor.app)
    half = fresh.post("/desk/login", {"login": "anna", "password": PASSWORD, "to": "/account"})
    assert half.headers["location"] == "/desk/login/code?to=%2Faccount"
    assert "aftercare_known" not in half.headers["set-cookie"]
    assert not is_in(fresh)
    form = fresh.get(half.headers["location"]).text
    assert 'autocomplete="one-time-code"' in form
    assert fresh.post("/desk/login/code", {"code": "000000"}).status_code == 422
    recovery = fresh.get("/desk/login/code?to=%2Faccount&recovery=yes").text
    assert "Recovery code" in recovery
    done = fresh.post("/desk/login/code", {"code": codes[0], "to": "/account", "recovery": "yes"})
    assert (done.status_code, done.headers["location"]) == (303, "/desk/account")
    assert is_in(fresh)


def test_the_code_is_asked_of_nobody_who_gave_no_password(house: House, anna: int) -> None:
    visitor = stranger(desk_app(house))
    assert visitor.get("/desk/login/code").headers["location"] == "/desk/login"
    assert visitor.post("/desk/login/code", {"code": "123456"}).headers["location"] == "/desk/login"
    del anna


def test_it_is_turned_off_with_a_code_and_new_recovery_codes_are_shown_once(visitor: Visitor) -> None:
    _, codes = turn_on(visitor)
    fresh = visitor.post(f"{SECOND_FACTOR}/recovery", {"code": codes[0]})
    assert fresh.status_code == 200
    new = re.findall(r"<code>([0-9a-z-]{14})</code>", fresh.text)
    assert len(new) == 10
    assert visitor.post(f"{SECOND_FACTOR}/off", {"code": codes[1]}).status_code == 422
    done = visitor.post(f"{SECOND_FACTOR}/off", {"code": new[0]})
    assert done.status_code == 303
    assert is_in(visitor)
    assert "aftercare_session" in visitor.cookies


def test_one_signs_out_everywhere_else(house: House, visitor: Visitor, anna: int) -> None:
    others = [as_session(visitor.app, make_session(house.store, anna)) for _ in range(2)]
    shown = visitor.get("/desk/account").text
    assert shown.count("This one") == 1
    assert visitor.post("/desk/account/sessions/end").status_code == 303
    assert "2 other sessions have ended." in visitor.get("/desk/account").text
    assert not any(is_in(it) for it in others)
    assert is_in(visitor)


def test_a_name_is_text_and_nothing_else(visitor: Visitor) -> None:
    visitor.post("/desk/account/profile", {"name": '"><script>alert(1)</script>', "language": ""})
    assert "<script>alert" not in visitor.get("/desk/account").text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/desk/account/profile", {"name": "Mallory"}),
        ("/desk/account/addresses", {"phone": "+14165550199"}),
        ("/desk/account/password", {"current": PASSWORD, "password": OTHER, "again": OTHER}),
        (f"{SECOND_FACTOR}/begin", {"current": PASSWORD}),
        ("/desk/account/sessions/end", {}),
    ],
)
def test_no_other_site_changes_an_account(visitor: Visitor, path: str, form: dict[str, str]) -> None:
    assert visitor.post(path, {**form}, sec_fetch_site="cross-site").status_code == 403
    assert visitor.post(path, {**form}, sec_fetch_site="same-site").status_code == 403
    assert "Mallory" not in visitor.get("/desk/account").text


def test_what_changes_on_an_account_is_on_record(house: House, visitor: Visitor, anna: int) -> None:
    visitor.post("/desk/account/profile", {"name": "Anna"})
    visitor.post("/desk/account/password", {"current": "wrong", "password": OTHER, "again": OTHER})
    turn_on(visitor)
    with house.store.read() as tx:
        found = [(it.actor, it.action, it.subject, it.outcome) for it in entries(tx, Scope(None), Wanted())]
    subject = f"user/{anna}"
    assert found[:3] == [
        ("user:anna", "account.second_factor_on", subject, "done"),
        ("user:anna", "account.password_changed", subject, "refused"),
        ("user:anna", "account.profile_changed", subject, "done"),
    ]
