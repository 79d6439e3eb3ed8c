"""The shell of the console: headers, languages, what is said after something was done, and every error as a page."""

import re
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from structlog.testing import capture_logs

from scheduler.clock import SystemClock
from scheduler.domain.access import EVERY_CLINIC, Caller, Permission, Role, Scope
from scheduler.errors import (
    AftercareError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RegistrationError,
    StoreError,
)
from scheduler.services.gate import Gate
from scheduler.store.audit import Wanted, entries
from scheduler.web.access import needs, open_to_all
from scheduler.web.app import create_app
from scheduler.web.console.app import create_console
from scheduler.web.console.assets import assets
from scheduler.web.console.live import Live
from tests.browser.console.desk_site import desk_of, shell_of
from tests.services.house import House
from tests.web.desk import Visitor, signed_in, stranger

SECRET = "Zoë Lachance +14165550123"
SIGNED_IN = Annotated[Caller, Depends(needs(None, "-"))]
RAISED: dict[str, Exception] = {
    "missing": NotFoundError("there is no patient 12"),
    "conflict": ConflictError("it went out already"),
    "forbidden": ForbiddenError("this needs the permission 'care'"),
    "invalid": RegistrationError("the phone number is too short"),
    "away": StoreError("the database is away"),
    "broken": ZeroDivisionError(SECRET),
}


@pytest.fixture
def app(house: House) -> FastAPI:
    """The console with a few routes of its own, in the place where the product has it."""
    console = create_console(desk_of(house), Gate(house.store, SystemClock()), live=Live.of(house.store))
    shell = shell_of(console)

    @console.get("/empty")
    def empty(request: Request, caller: SIGNED_IN) -> Response:
        return shell.page(request, caller, "error.html.j2", what="missing", detail="", again=None)

    @console.get("/frames")
    def frames(request: Request, caller: SIGNED_IN) -> Response:
        return shell.page(request, caller, "error.html.j2", frames=True, what="missing", detail="", again=None)

    @console.post("/done")
    def done(request: Request, _caller: SIGNED_IN) -> Response:
        return shell.go(request, "/empty", said="common.close", link=None)

    @console.get("/raise/{what}")
    def fail(what: str, _caller: SIGNED_IN) -> Response:
        raise RAISED[what]

    @console.get("/number/{number}")
    def number(number: int, _caller: SIGNED_IN) -> Response:
        raise AssertionError(number)

    noted = shell.router()

    @noted.get("/seen")
    def seen(_caller: Annotated[Caller, Depends(needs(None, "test.seen"))]) -> Response:
        return Response()

    console.include_router(noted)

    @console.get("/managers", dependencies=[Depends(needs(Permission.MANAGE, "-"))])
    def managers() -> Response:
        raise AssertionError

    @console.post("/form", dependencies=[Depends(open_to_all("a test"))])
    async def form(request: Request) -> Response:
        return Response(str(len(await request.body())))

    @console.post("/upload", dependencies=[Depends(open_to_all("a test"))], max_body_size=200_000)
    async def upload(request: Request) -> Response:
        return Response(str(len(await request.body())))

    return create_app(well=lambda: True, parts={"/desk": console})


@pytest.fixture
def anna(app: FastAPI, house: House) -> Visitor:
    return signed_in(app, house.store, Role.STAFF, "north")


def test_a_page_brings_nothing_from_elsewhere_and_is_kept_by_nobody(anna: Visitor) -> None:
    answer = anna.get("/desk/empty")
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-src 'self'" in anna.get("/desk/frames").headers["content-security-policy"]


@pytest.mark.parametrize("asset", [assets().style, assets().script], ids=["style", "script"])
def test_style_and_script_are_ours_and_may_be_kept_for_ever(app: FastAPI, asset: object) -> None:
    path = getattr(asset, "path", "")
    answer = stranger(app).get(f"/desk{path}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith(getattr(asset, "media_type", "-"))


@pytest.mark.parametrize(
    ("accept", "title"),
    [("fr-CA", "y a rien ici"), ("es", "Aquí no hay nada"), ("de", "There is nothing here")],
)
def test_a_page_speaks_the_language_of_the_browser(anna: Visitor, accept: str, title: str) -> None:
    assert title in anna.get("/desk/empty", accept_language=accept).text


def test_what_was_done_is_said_once_and_not_to_a_page_that_looks_by_itself(anna: Visitor) -> None:
    done = anna.post("/desk/done")
    assert (done.status_code, done.headers["location"]) == (303, "/desk/empty")
    assert 'class="said" role="status"' not in anna.get("/desk/empty", x_desk_quiet="1").text.replace(
        'id="announce" role="status"', ""
    )
    assert '<div class="said" role="status">' in anna.get("/desk/empty").text
    assert '<div class="said" role="status">' not in anna.get("/desk/empty").text


@pytest.mark.parametrize(
    "planted",
    ["common.close~~//evil.example", "<script>~~", "nav~~", "common.nothing~1~", "status~x~", "common~5~/a"],
)
def test_a_planted_cookie_says_nothing(anna: Visitor, planted: str) -> None:
    anna.cookies["aftercare_said"] = planted
    answer = anna.get("/desk/empty")
    assert answer.status_code == 200
    assert "evil" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/raise/missing", 404, "There is nothing here"),
        ("/raise/conflict", 409, "It went out already"),
        ("/raise/forbidden", 403, "Ask an administrator"),
        ("/raise/invalid", 422, "The phone number is too short"),
        ("/raise/away", 503, "Messages are not lost"),
        ("/nothing", 404, "There is nothing here"),
        ("/number/x", 404, "There is nothing here"),
        ("/managers", 403, "Your role does not allow this"),
    ],
)
def test_every_error_is_a_page_with_a_way_on(anna: Visitor, path: str, status: int, said: str) -> None:
    answer = anna.get(f"/desk{path}")
    assert answer.status_code == status
    assert said in answer.text
    assert 'class="button primary" href="/desk/' in answer.text


def test_who_has_no_role_is_told_so_and_led_to_the_account_only(app: FastAPI, house: House) -> None:
    nobody = signed_in(app, house.store, None)
    answer = nobody.get("/desk/managers")
    assert answer.status_code == 403
    assert "You have no role yet" in answer.text
    links = set(re.findall(r'href="(/desk/[^"]*)"', answer.text))
    assert {it for it in links if not it.startswith("/desk/static/")} == {"/desk/account"}
    assert 'action="/desk/logout"' in answer.text


def test_a_page_that_was_asked_for_without_a_session_comes_after_the_login_with_its_query(app: FastAPI) -> None:
    led = stranger(app).get("/desk/empty?clinic=north")
    assert led.headers["location"] == "/desk/login?to=%2Fempty%3Fclinic%3Dnorth"


def test_a_method_that_a_page_has_not_is_refused_with_a_page(anna: Visitor) -> None:
    answer = anna.post("/desk/empty")
    assert (answer.status_code, "buttons of the page" in answer.text) == (405, True)
    assert answer.headers["allow"] == "GET"


def test_a_programming_error_is_a_page_and_its_place_is_logged_without_what_it_says(anna: Visitor) -> None:
    with capture_logs() as logs, pytest.raises(ZeroDivisionError):  # for the server, whose log is silent
        anna.get("/desk/raise/broken")
    (line,) = [it for it in logs if it["event"] == "page.failed"]
    assert line["error"] == "ZeroDivisionError"
    assert any("test_shell.py" in place for place in line["where"])
    assert "Zo" not in str(logs)


def test_what_a_page_asks_for_by_itself_goes_on_record_once_and_not_every_second(app: FastAPI, house: House) -> None:
    anna = signed_in(app, house.store, Role.STAFF, "north", login="anna")
    for _ in range(3):
        anna.get("/desk/seen", x_desk_quiet="1")
    anna.get("/desk/seen")
    with house.store.read() as tx:
        lines = entries(tx, Scope(None), Wanted(action="test.seen"))
    assert len(lines) == 2, "the first one, whoever asked, and what a person asked for"


def test_who_is_not_signed_in_is_led_to_the_login_and_back(app: FastAPI) -> None:
    answer = stranger(app).get("/desk/empty")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login?to=%2Fempty")
    assert "Nothing was changed" in stranger(app).post("/desk/done").text
    assert stranger(app).post("/desk/done").status_code == 401


def test_a_page_that_looks_by_itself_is_not_led_to_the_login(app: FastAPI) -> None:
    assert stranger(app).get("/desk/empty", x_desk_quiet="1").status_code == 401
    answer = stranger(app).get("/desk/live")
    assert (answer.status_code, answer.text) == (401, "")


def test_a_form_of_another_site_is_refused(anna: Visitor) -> None:
    answer = anna.post("/desk/done", sec_fetch_site="cross-site")
    assert (answer.status_code, "Nothing was changed" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/form", 60_000, 200), ("/form", 70_000, 413), ("/upload", 150_000, 200), ("/upload", 250_000, 413)],
)
def test_no_body_is_longer_than_its_route_allows(app: FastAPI, path: str, size: int, status: int) -> None:
    answer = stranger(app).ask("POST", f"/desk{path}", content=b"x" * size)
    assert answer.status_code == status
    assert status == 200 or "The form or the file is too large" in answer.text


def test_the_navigation_shows_what_somebody_may_see_and_where_one_is(app: FastAPI, house: House) -> None:
    chief = signed_in(app, house.store, Role.ADMIN, EVERY_CLINIC)
    viewer = signed_in(app, house.store, Role.VIEWER, "north")
    assert 'href="/desk/setup"' in chief.get("/desk/empty").text
    assert 'href="/desk/setup"' not in viewer.get("/desk/empty").text


def test_every_kind_of_our_errors_has_a_page() -> None:
    for kind in (NotFoundError, ConflictError, ForbiddenError, RegistrationError, StoreError):
        assert issubclass(kind, AftercareError)
