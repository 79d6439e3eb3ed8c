"""Today: what needs a person, what goes out, what did not go well."""

from datetime import timedelta

from scheduler.clock import FixedClock
from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.alert import AlertKind
from scheduler.domain.brakes import Scope
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import because
from scheduler.store.alerts import raise_alert
from tests.services.house import CHECK, FIRST_HOURS, NEXT_DAY, PREPARE, House, after
from tests.web.desk import desk_app, signed_in


def test_try(any_house: House) -> None:
    any_house.register()
    any_house.dispatch(PREPARE)
    any_house.clock.move_to(FIRST_HOURS - timedelta(hours=1))
    app = desk_app(any_house)
    page = signed_in(app, any_house.store, Role.STAFF).get("/desk/")
    print(page.text)
    assert page.status_code == 200
    page = signed_in(app, any_house.store, Role.STAFF).get("/desk/deliveries")
    print(page.text)
    assert page.status_code == 200
    page = signed_in(app, any_house.store, Role.STAFF).get("/desk/deliveries.csv")
    print(page.text)
    assert 0
