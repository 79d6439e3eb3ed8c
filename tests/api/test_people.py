"""Users: who is let in by whom, and that nobody gives away more than it has."""

from scheduler.domain.access import EVERY_CLINIC, Permission, Role, Scope
from scheduler.services.identity import identity_of
from scheduler.services.users import Manager
from tests.api.office import Office

BEN = {"login": "ben", "name": "Ben Sample", "clinic": "north", "role": "staff"}


def test_a_user_is_added_renamed_and_let_in_by_a_link_that_is_shown_once(any_office: Office) -> None:
    north = any_office.program(*Permission, clinic="north")
    made = north.post("/users", BEN)
    assert made.status_code == 201, made.text
    path = f"/users/{made.json()['id']}"
    assert (made.json()["grants"], made.json()["has_password"]) == ({"north": "staff"}, False)
    seen = north.get(path)
    assert north.patch(path, {"name": "Benjamin"}, **{"If-Match": '"another"'}).status_code == 412
    changed = north.patch(path, {"name": "Benjamin", "language": "fr"}, **{"If-Match": seen.headers["ETag"]})
    assert (changed.json()["name"], changed.json()["language"]) == ("Benjamin", "fr")
    assert north.patch(path, {"language": None}).json()["name"] == "Benjamin"
    assert north.patch(path, {"name": None}).status_code == 422
    link = north.post(f"{path}/link")
    assert (link.status_code, "/desk/login/link/" in link.json()["link"]) == (201, True)
    token = link.json()["link"].rpartition("/")[2]
    assert token not in north.get("/audit?limit=200").text
    actions = [
        it["action"] for it in any_office.program().get(f"/audit?subject=user/{made.json()['id']}").json()["items"]
    ]
    assert {"user.added", "user.granted_staff", "user.renamed", "user.invited"} <= set(actions)


def test_roles_are_given_and_taken_at_the_clinics_of_the_key_alone(any_office: Office) -> None:
    every, north = any_office.program(), any_office.program(*Permission, clinic="north")
    path = f"/users/{every.post('/users', BEN).json()['id']}"
    assert north.put(f"{path}/grants/north", {"role": "operator"}).json()["grants"] == {"north": "operator"}
    assert north.put(f"{path}/grants/south", {"role": "viewer"}).status_code == 404
    assert north.put(f"{path}/grants/*", {"role": "viewer"}).status_code in (403, 422)
    assert every.put(f"{path}/grants/south", {"role": "viewer"}).json()["grants"] == {
        "north": "operator",
        "south": "viewer",
    }
    assert north.get(path).json()["grants"] == {"north": "operator"}
    assert north.post(f"{path}/disable").status_code == 403
    assert every.delete(f"{path}/grants/south").json()["grants"] == {"north": "operator"}
    assert every.delete(f"{path}/grants/south").status_code == 404
    assert any_office.program(clinic="south").put(f"{path}/grants/north", {"role": "viewer"}).status_code == 404


def test_a_user_is_shut_out_and_let_in_again(any_office: Office) -> None:
    program = any_office.program()
    path = f"/users/{program.post('/users', BEN).json()['id']}"
    shut = program.post(f"{path}/disable").json()
    assert shut["disabled_at"]
    assert shut["disabled_by"].startswith("key:")
    assert program.post(f"{path}/disable").status_code == 409
    assert program.post(f"{path}/link").status_code == 409
    assert program.post(f"{path}/enable").json()["disabled_at"] is None
    assert program.post(f"{path}/forget-second-factor").status_code == 409
    assert program.post("/users", BEN).status_code == 409


def test_a_key_lets_nobody_do_more_than_it_may_itself(any_office: Office) -> None:
    every = any_office.program()
    path = f"/users/{every.post('/users', {**BEN, 'role': 'admin'}).json()['id']}"
    small = any_office.program(Permission.READ, Permission.MANAGE, clinic="north")
    for answer in (
        small.post("/users", {**BEN, "login": "eve", "role": "admin"}),
        small.put(f"{path}/grants/north", {"role": "operator"}),
        small.post(f"{path}/link"),  # whoever has it is an admin
    ):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "role")
    assert small.post("/users", {**BEN, "login": "vera", "role": "viewer"}).status_code == 201
    assert any_office.program(Permission.READ).get("/users").status_code == 403


def test_somebody_who_manages_every_clinic_remains(any_office: Office) -> None:
    users = identity_of(any_office.house.store, any_office.house.configuration, clock=any_office.machine).users
    made = users.add("anna", "Anna", Role.ADMIN, EVERY_CLINIC, Manager("test", Scope(None)))
    program = any_office.program()
    assert program.delete(f"/users/{made}/grants/*").status_code == 409
    assert program.post(f"/users/{made}/disable").status_code == 409
    assert program.get("/users").json()["items"][0]["grants"] == {"*": "admin"}
