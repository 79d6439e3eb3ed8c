"""Whatever is typed, sent or uploaded: no page of ours has an element, an attribute or a script of it."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, urlsplit

import httpx
import pytest

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.clinic import Clinic
from scheduler.services import uploading
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.replies import SMS
from scheduler.web.console.mail_frame import FRAME
from tests.services.house import House
from tests.services.replying import words
from tests.web.desk import Visitor, desk_of, make_key, make_user, signed_in
from tests.web.hostile import ALL, DISGUISE, INVISIBLE, LINK, SHORT, TEXT, Form, Seen
from tests.web.matrix import NORTH, Office, routes

LAST = (
    "/grant",
    "/disable",
    "/erase",
    "/revoke",
    "/forget",
    "/logout",
    "/off",
    "/close",
    "/drop",
    "/handled",
    "/look",
)
"""Forms after which there is less to see; the last of them ends the visit."""
QUERIES: tuple[str, ...] = (
    "to",
    "q",
    "clinic",
    "only",
    "row",
    "status",
    "after",
    "before",
    "step",
    "day",
    "reason",
    "channel",
    "days",
)
PARTS = (*ALL, "%00", "..%2f..%2fetc%2fpasswd", "9" * 30, "-1", "%F0%28%8C", "%0d%0aX:y")
"""What stands in a path where a number does."""
QUERIES += ("treatment", "link", "language", "tab", "show", "who", "actor", "action", "place", "from", "said", "text")


@pytest.fixture
def office(any_house: House) -> Office:
    """Everything at two clinics, with hostile names wherever a name can be given."""
    house = any_house
    known = house.configuration
    clinics = {name: _hostile(it) for name, it in known.clinics.items()}
    peel = replace(known.protocols["peel"], title=dict.fromkeys(("en", "fr", "es"), f"Peel {SHORT}"))
    house.configuration = replace(known, clinics=clinics, protocols={**known.protocols, "peel": peel})
    opened = Office.open(house)
    _furnish(opened)
    return opened


@pytest.fixture
def admin(office: Office) -> Visitor:
    return signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC, login="admin")


def test_no_page_has_an_element_of_what_was_typed(office: Office, admin: Visitor) -> None:
    found = list(_walk(office, admin))
    assert len(found) > 60
    assert sum("xpwn()" in it.text for it in found) > 10  # it is shown, as text
    faults = [fault for seen in found for fault in seen.faults]
    assert not faults, "\n".join(sorted(set(faults)))
    assert {it.at for it in found if INVISIBLE & set(it.text)} == set()  # nothing turns what follows it round


def test_no_form_that_is_filled_in_with_it_comes_back_with_it(office: Office, admin: Visitor) -> None:
    forms = {it.action: it for seen in _walk(office, admin) for it in seen.forms}
    faults, statuses = [], dict[str, int]()
    for form in sorted(forms.values(), key=lambda it: (it.action.endswith(LAST), it.action)):
        for text in (TEXT, SHORT):
            answer = _send(admin, form, text)
            statuses[form.action] = answer.status_code
            faults += _faults(answer, form.action)
    assert len(statuses) > 25
    assert [f"{it}: {status}" for it, status in statuses.items() if status >= 500] == []
    admin = signed_in(office.app, office.house.store, Role.ADMIN, EVERY_CLINIC, login="other")
    faults += [fault for seen in _walk(office, admin) for fault in seen.faults]
    assert not faults, "\n".join(sorted(set(faults)))


@pytest.mark.long
def test_no_parameter_of_an_address_comes_into_a_page_as_more_than_text(office: Office, admin: Visitor) -> None:
    found = list(_walk(office, admin))
    pages = sorted({urlsplit(it.at).path for it in found})
    names = sorted({*QUERIES, *(name for it in found for name in it.queries)})
    faults = []
    for page in pages:
        for text in (TEXT, LINK, "\0é\r\nSet-Cookie: a=b", "9" * 400, f"-1{DISGUISE}"):
            answer = admin.get(page + "?" + "&".join(f"{it}={quote(text)}" for it in names))
            assert answer.status_code < 500, (page, text)
            assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]
            faults += _faults(answer, page)
    assert not faults, "\n".join(sorted(set(faults)))


def test_no_part_of_a_path_breaks_a_page_or_comes_into_it(office: Office, admin: Visitor) -> None:
    faults = []
    pages = [it.path for it in routes(office.app) if not it.is_api and "{" in it.path and it.method == "GET"]
    for text in PARTS:
        part = text if text.startswith("%") or ".." in text else quote(text, safe="")
        for page in pages:
            path = "/".join(part if it.startswith("{") else it for it in page.split("/"))
            answer = admin.get(path)
            assert answer.status_code in (200, 303, 404, 405, 410, 422), (path, answer.status_code)
            faults += _faults(answer, path)
    assert not faults, "\n".join(sorted(set(faults)))


def _walk(office: Office, visitor: Visitor) -> Iterator[Seen]:
    """Open every page: those of the routes, and those that they link to."""
    waiting = [
        office.things[NORTH].path(it.path)
        for it in routes(office.app)
        if not it.is_api and it.method == "GET" and it.needs and not it.path.endswith("/live")
    ]
    known = set(waiting)
    while waiting:
        path = waiting.pop(0)
        answer = visitor.get(path)
        assert answer.status_code < 500, path
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        if answer.headers["content-security-policy"] == FRAME["Content-Security-Policy"]:
            continue  # what is shown in a sandbox is a mail; its own tests take it apart
        assert "unsafe" not in answer.headers["content-security-policy"]
        seen = Seen(answer.text, path)
        yield seen
        fresh = [it for it in seen.links if it.startswith("/desk") and urlsplit(it).path not in known]
        known |= {urlsplit(it).path for it in fresh}
        waiting += fresh


def _faults(answer: httpx.Response, at: str) -> list[str]:
    if answer.headers.get("content-type", "").startswith("text/html") and "sandbox" not in str(answer.headers):
        assert "unsafe" not in answer.headers["content-security-policy"]
        return Seen(answer.text, at).faults
    location = answer.headers.get("location", "/desk/")
    return [] if location.startswith("/desk/") else [f"{at}: leads to {location}"]


def _send(visitor: Visitor, form: Form, text: str) -> httpx.Response:
    fields: dict[str, str | list[str]] = {**dict(form.fields), **{name: value or text for name, value in form.free}}
    if not form.files:
        return visitor.post(form.action, fields)
    files = {it: (f'{text}".csv', f"Start,Client,{text}\n{text},{text},{text}\n".encode()) for it in form.files}
    return visitor.ask("POST", form.action, data=fields, files=files)


def _hostile(clinic: Clinic) -> Clinic:
    return replace(clinic, name=f"{clinic.name} {SHORT}")


def _furnish(office: Office) -> None:
    """Add people, replies, uploads, users and keys with such names."""
    house, now = office.house, office.house.clock.now()
    number = house.register(
        name=f"Eve {TEXT[:150]} {DISGUISE}"[:200],
        phone="+14165550177",
        email="eve@north.example",
        external_id=SHORT,
        patient_id=SHORT,
    )
    del number
    for at, said in enumerate((*ALL, TEXT, f"pus {DISGUISE} {TEXT}")):
        incoming = Incoming(f"SMh{at:031}", SMS, "+14165550177", "+14165550109", "", said, received_at=now)
        with house.store.write() as tx:
            ReplyDesk(house.configuration, words, by="test").take_in(tx, incoming, now=now)
    desk = desk_of(house)
    columns = f"Booking,Client,Mobile,Start,Service,{SHORT.replace(',', '')}"
    row = f"{SHORT},{TEXT.replace(chr(34), '')} {DISGUISE},{SHORT.replace(chr(34), '')},{SCRIPT_CELL},{SHORT},x"
    data = f"{columns}\n{row}\n".replace('"', "'").encode()
    uploading.bring(desk, NORTH, f"{TEXT}\r\n{DISGUISE}.csv", data, by="test")
    make_user(house.store, "eve", Role.STAFF, NORTH, name=f"{TEXT[:90]}")
    make_key(house.store, name=SHORT)


SCRIPT_CELL = "=1+1<script>xpwn()</script>"
