"""Requests that no page of ours makes: of other sites, with other methods, headers, hosts and bodies."""

from collections.abc import AsyncIterator

import pytest

from scheduler.domain.access import EVERY_CLINIC, PERMISSIONS_OF, Role
from tests.services.house import House
from tests.web.desk import Visitor, desk_app, make_user, signed_in, stranger, with_key
from tests.web.matrix import NORTH, Office, routes

PUBLIC = "https://care.example/aftercare"
MEGABYTE = 1024 * 1024
FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Sec-Fetch-Site": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "https://desk.testserver"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver:81"},
    {"Origin": "null"},
    {"Referer": "http://testserver/desk/"},
    {},
)
"""What a form on another page sends, a page of a sub-domain, a sandboxed one, and a program that says nothing."""


@pytest.fixture
def office(house: House) -> Office:
    return Office.open(house)


def test_no_change_is_made_for_a_page_of_another_site(office: Office) -> None:
    token = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC).cookies
    changing = [it for it in routes(office.app) if not it.is_api and it.method != "GET"]
    assert len(changing) > 40
    wrong = []
    for route in changing:
        path = office.things[NORTH].path(route.path)
        for said in FOREIGN:
            answer = Visitor(office.app, dict(token), said).ask(route.method, path, data={"clinic": NORTH})
            if answer.status_code != 403 or "set-cookie" in answer.headers:
                wrong.append(f"{route} {said}: {answer.status_code}")
    assert wrong == []


def test_a_foreign_page_gets_no_further_with_another_kind_of_body(house: House) -> None:
    visitor = signed_in(desk_app(house), house.store, Role.ADMIN, EVERY_CLINIC)
    visitor.headers = {"Sec-Fetch-Site": "cross-site"}
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x", ""):
        answer = visitor.ask(
            "POST", "/desk/setup/users/new", {"content-type": kind}, content=b'{"login":"eve","name":"Eve"}'
        )
        assert answer.status_code in (400, 403), kind


def test_a_cookie_opens_nothing_of_the_api_and_a_key_nothing_of_the_desk(office: Office) -> None:
    visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
    assert visitor.get("/api/v1/messages").status_code == 401
    program = with_key(office.app, office.house.store, PERMISSIONS_OF[Role.ADMIN])
    assert program.get("/desk/account").status_code == 303


def test_other_methods_do_nothing(office: Office) -> None:
    visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", "POST\u00a0"):
        for path in ("/desk/account", "/desk/logout", "/desk/patients/1", "/desk/nothing", "/healthz"):
            answer = visitor.ask(method, path)
            assert answer.status_code in (403, 404, 405), (method, path)
            assert "aftercare_session" not in answer.text  # nothing is sent back as TRACE would
        assert visitor.get("/desk/account").status_code == 200, method


def test_signing_out_is_no_link_and_no_header_makes_one_a_post(office: Office) -> None:
    visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
    over = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"}
    for method in ("GET", "HEAD"):
        assert visitor.ask(method, "/desk/logout?_method=POST", over).status_code == 405
    assert visitor.ask("POST", "/desk/logout", {"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert visitor.get("/desk/account").status_code == 200


def test_no_address_that_we_write_is_of_the_host_that_a_request_named(house: House) -> None:
    app = desk_app(house, public_url=PUBLIC)
    make_user(house.store)
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example"}
    paths = ("/desk", "/desk/", "/desk/login", "/desk/login/", "/desk/appointments/", "/api/v1", "/webhooks/x/")
    for host in ("evil.example", "care.example@evil.example", "evil.example:80", ""):
        for path in paths:
            answer = stranger(app).ask("GET", path, {"host": host, **forwarded})
            assert "evil" not in answer.text, (host, path)
            assert answer.headers.get("location", "/aftercare/desk/").startswith("/aftercare/desk/"), (host, path)


def test_no_path_leads_to_another_host(house: House) -> None:
    make_user(house.store)
    app = desk_app(house)
    paths = ("//evil.example", "/desk//evil.example/", "/\\evil.example", "/desk/%2f%2fevil.example")
    for path in (*paths, "/%09/evil.example"):
        for visitor in (stranger(app), signed_in(app, house.store)):
            answer = visitor.get(path)
            assert answer.status_code in (303, 404), path
            assert answer.headers.get("location", "/desk/login").startswith("/desk/login"), path


def test_no_line_of_a_header_is_made_of_what_was_sent(office: Office) -> None:
    texts = ("a\r\nSet-Cookie: evil=1", "a%0d%0aSet-Cookie: evil=1", "a\nLocation: //evil")
    for reply, text in enumerate(texts, start=1):
        visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
        visitor.cookies["aftercare_said"] = "evil.said~1~//evil.example"
        visitor.cookies["aftercare_look"] = "evil"
        said = dict.fromkeys(("to", "look", "login", "name", "title"), text)
        take = f"/desk/inbox/replies/{reply}/take"
        for path in ("/desk/look", "/desk/setup/users/new", "/desk/setup/hooks", take):
            answer = visitor.post(path, {**said, "url": f"https://x.example/{text}"})
            assert answer.status_code in (303, 422), (text, path)
            lines = [f"{name}: {value}" for name, value in answer.headers.multi_items()]
            assert not [it for it in lines if "evil" in it and "delete" not in it], (text, path)
        assert "evil" not in visitor.get("/desk/").text, text


def test_the_name_of_an_uploaded_file_comes_into_no_header(office: Office) -> None:
    visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
    name = 'a"\r\nSet-Cookie: evil=1;/../../etc/passwd\u202e.csv'
    answer = visitor.ask(
        "POST", "/desk/appointments/import", data={"clinic": NORTH}, files={"file": (name, b"Start,Client\n,x\n")}
    )
    assert answer.status_code in (303, 422)
    assert "evil" not in str(answer.headers)


MULTIPART = {"content-type": "multipart/form-data; boundary=x"}
BODIES = {
    "many parts": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000 + b"--x--\r\n",
    "a part's huge header": b'--x\r\nContent-Disposition: form-data; name="'
    + b"a" * MEGABYTE
    + b'"\r\n\r\nb\r\n--x--\r\n',
    "many headers": b"--x\r\n" + b"X-A: b\r\n" * 50_000 + b"\r\nb\r\n--x--\r\n",
    "no end": b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nStart',
    "no parts": b"",
    "not that boundary": b"--y\r\n\r\n--y--",
    "two files": b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nb\r\n' * 3 + b"--x--\r\n",
}


# The framework lets go of a file without an end, which is in memory only, without closing it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_bomb_of_a_form_is_refused(office: Office) -> None:
    visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
    for name, body in BODIES.items():
        for path in ("/desk/appointments/import", "/desk/appointments", "/desk/setup/users/new", "/desk/login"):
            answer = visitor.ask("POST", path, MULTIPART, content=body)
            assert 400 <= answer.status_code < 500, (name, path, answer.status_code)
        none = visitor.ask("POST", "/desk/appointments/import", {"content-type": "multipart/form-data"}, content=body)
        assert 400 <= none.status_code < 500, name


def test_a_body_that_is_no_form_is_refused(office: Office) -> None:
    visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
    kind = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}
    for body in (b"\x1f\x8b" + bytes(200), b"\xff\xfe", b"a=%ff%00", b"&" * 60_000, b"a=1&" * 15_000):
        for path in ("/desk/appointments", "/desk/setup/users/new", "/desk/inbox/replies/1/close", "/desk/login"):
            answer = visitor.ask("POST", path, kind, content=body)
            assert answer.status_code in (303, 400, 422), (path, body[:9], answer.status_code)


def test_fifty_megabytes_are_refused_by_every_route_without_reading_them(office: Office) -> None:
    visitor = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC)
    program = with_key(office.app, office.house.store, PERMISSIONS_OF[Role.ADMIN])
    wrong = []
    for route in routes(office.app):
        if route.method == "GET" or "/logout" in route.path:
            continue
        taken = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal taken
            for _ in range(50):
                taken += 1
                yield bytes(MEGABYTE)

        kind = "application/json" if route.is_api else "application/x-www-form-urlencoded"
        if route.path.endswith("/import"):
            kind = "multipart/form-data; boundary=x"
        who = program if route.is_api else visitor
        answer = who.ask(route.method, office.things[NORTH].path(route.path), {"content-type": kind}, content=body())
        if taken > 12 or answer.status_code >= 500:
            wrong.append(f"{route}: {answer.status_code} after {taken} MB")
    assert wrong == []
