"""Signing in at the desk: as a browser does it."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from scheduler.clock import FixedClock, SystemClock
from scheduler.domain.access import EVERY_CLINIC, LinkPurpose, Role, Scope
from scheduler.services.identity import Identity, identity_of
from scheduler.services.users import Manager
from tests.services.house import House
from tests.web.desk import HERE, Visitor, as_session, desk_app, make_session, make_user, signed_in, stranger

PASSWORD = "nettle copper window seven"
OPERATOR = Manager("operator:test", Scope(None))


def identity(house: House) -> Identity:
    return identity_of(house.store, house.configuration)


@pytest.fixture
def anna(house: House) -> int:
    """A user with a password."""
    return identity(house).users.add("anna", "Anna Berg", Role.STAFF, "north", OPERATOR, password=PASSWORD)


@pytest.fixture
def visitor(house: House) -> Visitor:
    return stranger(desk_app(house))


def sign_in(visitor: Visitor, login: str = "anna", password: str = PASSWORD, **more: str) -> httpx.Response:
    return visitor.post("/desk/login", {"login": login, "password": password, **more})


def token_of(answer: httpx.Response) -> str:
    found = re.search(r"aftercare_session=([^;]+)", answer.headers["set-cookie"])
    assert found
    return found[1]


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/desk/account").status_code == 200


def test_a_first_visit_says_how_to_add_the_first_user(visitor: Visitor) -> None:
    shown = visitor.get("/desk/login")
    assert shown.status_code == 200
    assert "aftercare user add LOGIN --every-clinic --role admin" in re.sub("<[^>]+>", "", shown.text)
    assert "<form" not in shown.text


@pytest.mark.usefixtures("anna")
def test_login_and_password_let_in_to_the_page_that_was_asked_for(visitor: Visitor) -> None:
    sent_away = visitor.get("/desk/account")
    assert (sent_away.status_code, sent_away.headers["location"]) == (303, "/desk/login?to=%2Faccount")
    form = visitor.get(sent_away.headers["location"]).text
    assert '<input type="hidden" name="to" value="/account">' in form
    done = sign_in(visitor, to="/account")
    assert (done.status_code, done.headers["location"]) == (303, "/desk/account")
    assert is_in(visitor)


@pytest.mark.usefixtures("anna")
def test_a_login_is_the_same_in_any_case_and_with_spaces_around(visitor: Visitor) -> None:
    assert sign_in(visitor, " Anna ").status_code == 303


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(("login", "password"), [("anna", "wrong wrong wrong"), ("nobody", PASSWORD), ("", "")])
def test_what_does_not_fit_is_told_in_the_same_words_and_the_password_is_not_shown_again(
    visitor: Visitor, login: str, password: str
) -> None:
    refused = sign_in(visitor, login, password)
    assert refused.status_code == 422
    assert "Login and password do not fit." in refused.text
    assert not password or password not in refused.text
    assert f'name="login" type="text" value="{login}"' in refused.text
    assert "set-cookie" not in refused.headers
    assert not is_in(visitor)


@pytest.mark.usefixtures("anna")
def test_the_cookie_is_kept_from_scripts_and_from_other_sites(visitor: Visitor) -> None:
    flags = [it.lower() for it in sign_in(visitor).headers.get_list("set-cookie")]
    (session,) = [it for it in flags if it.startswith("aftercare_session=")]
    assert "httponly" in session
    assert "samesite=lax" in session
    assert "max-age" not in session
    assert "expires" not in session
    assert all("httponly" in it for it in flags)


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("public_url", "name", "path"),
    [
        ("https://care.example", "__Host-aftercare_session", "/"),
        ("https://shared.example/aftercare", "__Secure-aftercare_session", "/aftercare/desk"),
    ],
)
def test_with_https_no_other_host_can_plant_the_cookie(house: House, public_url: str, name: str, path: str) -> None:
    done = sign_in(stranger(desk_app(house, public_url=public_url)))
    (session,) = [it for it in done.headers.get_list("set-cookie") if it.startswith(f"{name}=")]
    flags = [part.strip().lower() for part in session.split(";")[1:]]
    assert {"secure", "httponly", "samesite=lax", f"path={path}"} <= set(flags)
    assert not [it for it in flags if it.startswith("domain")]


def test_a_planted_session_is_not_the_one_that_is_signed_in(house: House, anna: int) -> None:
    app = desk_app(house)
    attacker = make_session(house.store, make_user(house.store, "mallory", Role.VIEWER))
    victim = as_session(app, attacker)
    done = sign_in(victim)
    assert token_of(done) != attacker
    assert not is_in(as_session(app, attacker))  # even the attacker's own ended
    unknown = as_session(app, "A" * 43)
    done = sign_in(unknown)
    assert token_of(done) != "A" * 43
    assert not is_in(as_session(app, "A" * 43))
    del anna


@pytest.mark.usefixtures("anna")
def test_signing_out_ends_the_session_for_whoever_has_its_cookie(house: House, visitor: Visitor) -> None:
    token = token_of(sign_in(visitor))
    thief = as_session(desk_app(house), token)
    assert is_in(thief)
    done = visitor.post("/desk/logout")
    assert (done.status_code, done.headers["location"]) == (303, "/desk/login")
    assert not is_in(visitor)
    assert not is_in(thief)


@pytest.mark.usefixtures("anna")
def test_a_page_of_another_site_signs_nobody_in_or_out(house: House) -> None:
    app = desk_app(house)
    visitor = stranger(app)
    refused = visitor.post("/desk/login", {"login": "anna", "password": PASSWORD}, sec_fetch_site="cross-site")
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    sign_in(visitor)
    assert visitor.post("/desk/logout", sec_fetch_site="cross-site").status_code == 403
    assert is_in(visitor)


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/%5Cevil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/today\r\nSet-Cookie: a=b",
        "/today%0d%0aLocation: https://evil.example",
        "/../../evil",
        "/@evil.example",
        " //evil.example",
        "/\t/evil.example",
        "/login",
        "/logout",
        "/" + "a" * 400,
        "",
    ],
)
@pytest.mark.usefixtures("anna")
def test_the_page_after_the_login_is_always_one_of_ours(visitor: Visitor, to: str) -> None:
    done = sign_in(visitor, to=to)
    assert done.status_code == 303
    assert done.headers["location"] == "/desk/"
    assert "a" not in done.cookies
    shown = visitor.get("/desk/login?" + str(httpx.QueryParams({"to": to})))
    assert "evil" not in shown.text


@pytest.mark.usefixtures("anna")
def test_a_page_with_a_filter_is_come_back_to(visitor: Visitor) -> None:
    assert sign_in(visitor, to="/inbox?clinic=north").headers["location"] == "/desk/inbox?clinic=north"


@pytest.mark.usefixtures("anna")
def test_who_guesses_has_to_wait_and_is_told_how_long(visitor: Visitor, house: House) -> None:
    for _ in range(5):
        assert sign_in(visitor, password="wrong wrong wrong").status_code == 422
    held = sign_in(visitor)
    assert held.status_code == 429
    assert 1 <= int(held.headers["retry-after"]) <= 2
    assert "Too many attempts failed. Try again in" in held.text
    other = stranger(desk_app(house))
    assert sign_in(other).status_code == 429


def test_a_link_is_used_by_its_button_and_not_by_opening_it(house: House, visitor: Visitor) -> None:
    users = identity(house).users
    user = users.add("zoe", "Zoë Admin", Role.ADMIN, EVERY_CLINIC, OPERATOR)
    path = f"/desk/login/link/{users.link(user, OPERATOR)}"
    for method in ("GET", "HEAD", "GET"):
        assert visitor.ask(method, path).status_code in (200, 405)
    shown = visitor.get(path)
    assert "Welcome, Zoë Admin" in shown.text
    assert shown.headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert "no-store" in shown.headers["cache-control"]
    done = visitor.post(path)
    assert (done.status_code, done.headers["location"]) == (303, "/desk/account/password")
    assert is_in(visitor)
    second = stranger(visitor.app)
    assert second.get(path).status_code == 410
    assert second.post(path).status_code == 410
    assert not is_in(second)


def test_an_invited_user_chooses_a_password_and_signs_in_with_it(house: House, visitor: Visitor) -> None:
    users = identity(house).users
    user = users.add("zoe", "Zoë", Role.STAFF, "north", OPERATOR)
    visitor.post(f"/desk/login/link/{users.link(user, OPERATOR)}")
    form = visitor.get("/desk/account/password").text
    assert 'name="current"' not in form
    weak = visitor.post("/desk/account/password", {"password": "password1234", "again": "password1234"})
    assert weak.status_code == 422
    assert "tried first" in weak.text
    different = visitor.post("/desk/account/password", {"password": PASSWORD, "again": PASSWORD + "!"})
    assert "not the same" in different.text
    done = visitor.post("/desk/account/password", {"password": PASSWORD, "again": PASSWORD})
    assert done.status_code == 303
    assert is_in(visitor)
    assert sign_in(stranger(visitor.app), "zoe").status_code == 303


def test_a_link_to_sign_in_leads_to_the_first_page(house: House, visitor: Visitor) -> None:
    users = identity(house).users
    user = users.add("demo", "Demo", Role.ADMIN, EVERY_CLINIC, OPERATOR)
    token = users.link(user, OPERATOR, purpose=LinkPurpose.SIGN_IN)
    assert visitor.post(f"/desk/login/link/{token}").headers["location"] == "/desk/"


def test_an_old_link_and_a_forged_one_let_nobody_in(house: House, visitor: Visitor) -> None:
    users = identity(house).users
    user = users.add("zoe", "Zoë", Role.STAFF, "north", OPERATOR)
    first = users.link(user, OPERATOR)
    second = users.link(user, OPERATOR)
    short = users.link(make_user(house.store, "short"), OPERATOR, lasts=timedelta(microseconds=1))
    assert visitor.post(f"/desk/login/link/{first}").status_code == 410  # the newer one took its place
    assert visitor.post(f"/desk/login/link/{short}").status_code == 410
    assert visitor.post(f"/desk/login/link/{'A' * 43}").status_code == 410
    assert visitor.post(f"/desk/login/link/{'A' * 5000}").status_code == 410
    users.disable(user, OPERATOR)
    assert visitor.post(f"/desk/login/link/{second}").status_code == 410


def test_a_session_ends_after_an_idle_hour_and_after_its_day(house: House) -> None:
    clock = FixedClock(datetime(2026, 3, 20, 8, 0, tzinfo=UTC))
    app = desk_app(house, clock=clock)
    user = make_user(house.store)
    used = as_session(app, make_session(house.store, user, now=clock.now()))
    unused = as_session(app, make_session(house.store, user, now=clock.now()))
    watched = as_session(app, make_session(house.store, user, now=clock.now()))
    for _ in range(23):  # half an hour each
        clock.move_by(timedelta(minutes=30))
        assert is_in(used)
        watched.get("/desk/account", x_desk_quiet="1")
    assert not is_in(unused)
    assert not is_in(watched)  # a page that looks at itself is nobody at work
    clock.move_by(timedelta(minutes=31))
    assert not is_in(used)


def test_a_disabled_user_is_out_at_once(house: House, anna: int) -> None:
    app = desk_app(house)
    visitor = stranger(app)
    sign_in(visitor)
    assert is_in(visitor)
    identity(house).users.disable(anna, OPERATOR)
    assert not is_in(visitor)
    assert sign_in(stranger(app)).status_code == 422
    identity(house).users.enable(anna, OPERATOR)
    assert not is_in(visitor)
    assert sign_in(stranger(app)).status_code == 303


@pytest.mark.parametrize(
    ("language", "said"), [("fr-CA,fr;q=0.9", "Se connecter"), ("es", "Contraseña"), ("de", "Password")]
)
@pytest.mark.usefixtures("anna")
def test_the_login_speaks_the_language_of_the_browser(visitor: Visitor, language: str, said: str) -> None:
    assert said in visitor.get("/desk/login", accept_language=language).text


def test_no_page_of_the_login_loads_anything_from_elsewhere(house: House, anna: int) -> None:
    shown = stranger(desk_app(house)).get("/desk/login")
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert re.findall(r"(?:src|href)=\"(?!/desk/|data:|#)[^\"]*\"", shown.text) == []
    del anna


def test_somebody_without_a_role_can_sign_in_and_sees_nothing_but_the_account(house: House) -> None:
    visitor = signed_in(desk_app(house), house.store, None)
    assert is_in(visitor)
    assert "ask an administrator for a role" in visitor.get("/desk/account").text


def test_the_sessions_of_the_desk_go_by_the_machines_clock(house: House) -> None:
    house.clock.move_to(SystemClock().now() - timedelta(days=4000))
    assert is_in(signed_in(desk_app(house), house.store))
    assert HERE.startswith("http://")
