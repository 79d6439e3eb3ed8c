"""What was typed is not lost: not with a session that ran out, nor where a colleague was faster."""

import re
from datetime import timedelta
from html import unescape

from scheduler.clock import SystemClock
from scheduler.domain.access import Role
from tests.services.house import House
from tests.services.texting import Text
from tests.web.console.inboxes import somebody
from tests.web.console.test_appointments_register import ZOE
from tests.web.desk import as_session, desk_app, make_session, make_user

NEW = "/desk/appointments/new"
DETAILS = {"name": "Zoé Lachance", "phone": "416 555 0198", "email": "", "language": "", "timezone": ""}


def test_a_form_that_came_too_late_is_filled_in_again_for_who_typed_it_until_it_is_used(any_house: House) -> None:
    app, store = desk_app(any_house), any_house.store
    number = any_house.patient(any_house.register()).id
    user = make_user(store, "carla", Role.STAFF, "north")
    forms = {
        NEW: (NEW, {**ZOE, "name": "Kim Typed", "step": "look"}),
        "/desk/appointments": (NEW, {**ZOE, "name": "Kim Typed", "shown": "[]"}),
        f"/desk/patients/{number}/details": (f"/desk/patients/{number}/details", {**DETAILS, "name": "Kim Typed"}),
    }
    for path, (page, form) in forms.items():
        late = as_session(app, make_session(store, user, now=SystemClock().now() - timedelta(hours=2)))
        refused = late.post(path, form)
        assert refused.status_code == 401, path
        assert "kept for an hour" in refused.text, path
        assert "Kim" not in refused.text + str(refused.headers), path
        assert "Kim Typed" not in somebody(any_house, app, f"ben{len(path)}").get(page).text, path
        carla = as_session(app, make_session(store, user))
        shown = carla.get(page).text
        assert 'value="Kim Typed"' in shown, path
        assert "Nothing was saved." in shown, path
        assert carla.post(page, form).status_code == 303, path
        assert 'value="Kim Typed"' not in carla.get(page).text or "details" in path
        assert "Nothing was saved." not in carla.get(page).text, path


def test_details_that_two_people_correct_at_once_keep_what_the_slower_typed_beside_what_is_stored(
    any_house: House,
) -> None:
    app = desk_app(any_house)
    path = f"/desk/patients/{any_house.patient(any_house.register()).id}/details"
    anna, ben = (somebody(any_house, app, it) for it in ("anna", "ben"))
    seen = action(anna.get(path).text)
    assert ben.post(seen, {**DETAILS, "name": "Zoe L. Lachance"}).status_code == 303
    refused = anna.post(seen, DETAILS)
    assert refused.status_code == 409
    assert 'value="Zoé Lachance"' in refused.text
    assert "Stored now: Zoe L. Lachance" in refused.text
    assert anna.post(action(refused.text), DETAILS).status_code == 303
    assert any_house.patient(1).name == "Zoé Lachance"


def action(page: str) -> str:
    found = re.search(r'action="([^"]*/details[^"]*)"', page)
    assert found
    return unescape(found[1])


def test_the_inbox_tells_when_the_words_came_that_it_shows(any_house: House) -> None:
    any_house.register()
    app = desk_app(any_house)
    anna = somebody(any_house, app, "anna")
    Text("It hurts, and there are blisters").send(any_house)
    any_house.clock.move_to(any_house.clock.now() + timedelta(minutes=9))
    Text("Worse now, I cannot see well").send(any_house)
    page = anna.get("/desk/inbox").text
    row = next(it for it in page.split("<tr") if "Worse now" in it)
    times = re.findall(r'datetime="([^"]+)"', row)
    assert times == [any_house.clock.now().isoformat()], times
