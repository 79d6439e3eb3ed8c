"""Setup: users invited, keys made and revoked, webhooks, the trail; and the outbox of a rehearsal."""

import re
from html import unescape

import httpx
import pytest

from scheduler.domain.access import EVERY_CLINIC, Permission, Role
from tests.services.house import FIRST_HOURS, PREPARE, House
from tests.web.desk import Visitor, desk_app, make_user, signed_in, stranger, with_key

Form = dict[str, str | list[str]]


def admin(house: House, clinic: str = EVERY_CLINIC) -> Visitor:
    return signed_in(desk_app(house), house.store, Role.ADMIN, clinic)


def shown_once(page: httpx.Response) -> str:
    found = re.search(r'class="secret" readonly value="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


def test_a_user_is_added_with_a_link_that_lets_in_once(any_house: House) -> None:
    anna = {"login": "anna", "name": "Anna Sample", "clinic": "north", "role": "staff", "language": "fr"}
    link = shown_once(admin(any_house).post("/desk/setup/users/new", anna))

    visitor = stranger(desk_app(any_house))
    path = "/desk" + link.split("/desk", 1)[1]
    assert "Anna" in visitor.get(path).text
    assert visitor.post(path).status_code == 303
    assert visitor.get("/desk/appointments").status_code == 200
    assert stranger(desk_app(any_house)).post(path).status_code == 410


@pytest.mark.parametrize("form", [{"login": ""}, {"role": "owner"}, {"clinic": "nowhere"}, {"name": ""}])
def test_what_can_not_be_added_is_said_and_what_was_typed_stays(any_house: House, form: dict[str, str]) -> None:
    typed = {"login": "anna", "name": "Anna Sample", "clinic": "north", "role": "staff", **form}
    page = admin(any_house).post("/desk/setup/users/new", typed)

    assert page.status_code == 422
    assert 'id="problems"' in page.text
    if "name" not in form:
        assert 'value="Anna Sample"' in page.text


def test_roles_are_given_and_taken_and_a_user_is_shut_out(any_house: House) -> None:
    user, manager = make_user(any_house.store, "ben", Role.VIEWER, "north"), admin(any_house)
    path = f"/desk/setup/users/{user}"
    assert manager.post(f"{path}/grant", {"clinic": "south", "role": "operator"}).status_code == 303
    assert "Operator" in manager.get(path).text
    assert manager.post(f"{path}/grant", {"clinic": "south", "role": ""}).status_code == 303
    assert manager.post(f"{path}/disable").status_code == 303
    assert "Shut out" in manager.get("/desk/setup/users").text
    assert manager.post(f"{path}/enable").status_code == 303


def test_who_manages_one_clinic_gives_nothing_at_another_and_nothing_for_all(any_house: House) -> None:
    manager, user = admin(any_house, "north"), make_user(any_house.store, "ben", Role.VIEWER, "north")
    for clinic in ("south", EVERY_CLINIC):
        answer = manager.post(f"/desk/setup/users/{user}/grant", {"clinic": clinic, "role": "admin"})
        assert answer.status_code in {403, 404}, clinic
    stranger_of_south = make_user(any_house.store, "cleo", Role.VIEWER, "south")
    assert manager.get(f"/desk/setup/users/{stranger_of_south}").status_code == 404
    assert manager.post(f"/desk/setup/users/{stranger_of_south}/link").status_code == 404


def test_a_key_is_shown_once_opens_the_api_and_is_revoked(any_house: House) -> None:
    manager = admin(any_house)
    form: Form = {"name": "Bookings", "clinic": "north", "may": ["read", "book"], "days": "90"}
    page = manager.post("/desk/setup/keys", form)
    bearer = shown_once(page)
    program = Visitor(desk_app(any_house), headers={"Authorization": f"Bearer {bearer}"})

    assert program.get("/api/v1/appointments").status_code == 200
    assert bearer not in manager.get("/desk/setup/keys").text
    assert manager.post("/desk/setup/keys/1/revoke").status_code == 303
    assert program.get("/api/v1/appointments").status_code == 401


def test_a_key_never_opens_the_console(any_house: House) -> None:
    program = with_key(desk_app(any_house), any_house.store, set(Permission))
    assert program.get("/desk/setup").status_code == 303


def test_a_webhook_is_added_tried_and_switched_off(any_house: House) -> None:
    manager = admin(any_house)
    form: Form = {"title": "Booking", "clinic": "north", "kinds": ["message.*"]}
    form["url"] = "https://clinic.example/hooks?key=1"
    assert shown_once(manager.post("/desk/setup/hooks", form)).startswith("whsec_")
    assert manager.post("/desk/setup/hooks/1/ping").status_code == 303
    page = manager.get("/desk/setup/hooks/1")
    assert "ping" in page.text
    assert "key=1" not in page.text
    assert shown_once(manager.post("/desk/setup/hooks/1/secret")).startswith("whsec_")
    assert manager.post("/desk/setup/hooks/1/off").status_code == 303
    assert manager.post("/desk/setup/hooks/1/ping").status_code == 409
    assert manager.post("/desk/setup/hooks/1/blow-up").status_code == 404
    assert admin(any_house, "south").get("/desk/setup/hooks/1").status_code == 404


def test_a_webhook_that_must_not_be_called_is_refused_beside_its_field(any_house: House) -> None:
    form: Form = {"title": "Booking", "url": "http://clinic.example/", "clinic": "north", "kinds": ["message.*"]}
    page = admin(any_house).post("/desk/setup/hooks", form)
    assert page.status_code == 422
    assert 'id="url-problem"' in page.text


def test_the_trail_tells_who_saw_whom_without_a_name(any_house: House) -> None:
    any_house.register()
    app = desk_app(any_house)
    assert signed_in(app, any_house.store, Role.STAFF, login="dora").get("/desk/patients/1").status_code == 200
    page = signed_in(app, any_house.store, Role.ADMIN, EVERY_CLINIC).get("/desk/setup/audit?actor=user:dora")

    assert "patient/1" in page.text
    assert "Lachance" not in page.text


def test_the_installation_is_examined_when_somebody_asks(house: House) -> None:
    manager = admin(house)
    assert "Not examined yet" in manager.get("/desk/setup").text
    assert manager.post("/desk/setup/examine").status_code == 303
    assert "Delivery" in manager.get("/desk/setup").text
    french = manager.get("/desk/setup", Accept_Language="fr").text
    assert "quitte cette machine" in french
    assert "Aucune erreur dans les fichiers." in french
    assert admin(house, "north").post("/desk/setup/examine").status_code == 403


def test_senders_and_who_is_on_call_are_shown_of_the_own_clinics(any_house: House) -> None:
    page = admin(any_house, "north").get("/desk/setup/senders").text
    assert any_house.configuration.clinic("north").name in page
    assert any_house.configuration.clinic("south").name not in page


def test_the_outbox_shows_what_a_rehearsal_would_have_sent(any_house: House) -> None:
    any_house.register()
    any_house.dispatch(PREPARE)
    any_house.dispatch(FIRST_HOURS)
    staff = signed_in(desk_app(any_house), any_house.store, Role.VIEWER)
    page = staff.get("/desk/outbox")
    numbers = sorted({int(it) for it in re.findall(r"/desk/outbox/(\d+)", page.text)})

    assert numbers
    seen = [staff.get(f"/desk/outbox/{number}") for number in numbers]
    assert {it.status_code for it in seen} == {200}
    mail = next(number for number, it in zip(numbers, seen, strict=True) if "<iframe" in it.text)
    frame = staff.get(f"/desk/outbox/{mail}/mail")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "zoe@patients.example" in page.text

    other = signed_in(desk_app(any_house), any_house.store, Role.ADMIN, "south")
    assert "zoe@patients.example" not in other.get("/desk/outbox").text
    assert other.get(f"/desk/outbox/{mail}").status_code == 404
    assert other.get(f"/desk/outbox/{mail}/mail").status_code == 404
