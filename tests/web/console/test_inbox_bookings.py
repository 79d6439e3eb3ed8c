"""The alert of bookings that were refused: who may see patients sees which, when, whose and why."""

import pytest

from scheduler.domain.access import Role
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    CALENDLY,
    OURS,
    calcom,
    calcom_booking,
    calendly,
    calendly_invitee,
    ours,
    tell,
    with_sources,
)
from tests.web.desk import Visitor, desk_app, signed_in

HOUR = "10:00"


def told(house: House) -> House:
    """Return a house whose systems told what can't be taken, each with an alert of its own."""
    with_sources(house, CALCOM, CALENDLY, OURS)
    visit = {"id": "O-1", "day": "2026-03-18", "time": "10:00", "what": "voodoo"}
    client = {"names": ["Uma", "<b>Ours</b>"], "mobile": "416 555 0126"}
    invitee = calendly_invitee("invitee.created", "I-1", VISIT, REGISTERED, scheduled_event="gone")
    at = house.clock.now()
    tell(
        house,
        calcom(calcom_booking("BOOKING_CREATED", "C-1", VISIT, REGISTERED, seatsPerTimeSlot=4)),
        calcom(calcom_booking("BOOKING_CREATED", "C-2", VISIT, REGISTERED, note="half \ud83c")),
        calendly(invitee, at),
        ours({"id": "e1", "type": "new", "at": REGISTERED.isoformat(), "visit": visit, "client": client}, at),
    )
    return house


def visitor(house: House, role: Role = Role.STAFF, clinic: str = "north") -> Visitor:
    return signed_in(desk_app(house), house.store, role, clinic)


def test_staff_see_which_bookings_an_alert_is_about(any_house: House) -> None:
    house = told(any_house)
    seen = visitor(house)
    pages = [seen.get(f"/desk/inbox/alerts/{number}").text for number in (1, 2, 3)]
    for page, parts in zip(
        pages,
        (
            ("John Doe", "C-1", "C-2", "60min", HOUR, "offers seats", "half of a character"),
            ("John Doe", "I-1", "No time that can be read", "make the webhook subscription anew"),
            ("Uma &lt;b&gt;Ours&lt;/b&gt;", "O-1", "voodoo", HOUR, "is not known"),
        ),
        strict=True,
    ):
        for part in parts:
            assert part in page, part
        assert "/desk/appointments/new" in page
        assert "/desk/setup/bookings" not in page
    assert "O-1" not in pages[0]
    assert "/desk/setup/bookings" in visitor(house, Role.ADMIN).get("/desk/inbox/alerts/1").text
    assert visitor(house, Role.STAFF, "south").get("/desk/inbox/alerts/1").status_code == 404


def test_several_alerts_of_bookings_tell_themselves_apart(house: House) -> None:
    told(house)
    inbox, today = visitor(house).get("/desk/inbox").text, visitor(house).get("/desk/").text
    for source in ("calcom", "calendly", "ours"):
        assert f"Booking system {source}" in inbox
        assert f"ookings of {source} that were refused" in today


@pytest.mark.parametrize(
    ("language", "parts"), [("fr", ("Le soin « voodoo »", "O-1")), ("es", ("El tratamiento «voodoo»", "O-1"))]
)
def test_they_are_said_in_the_readers_language(house: House, language: str, parts: tuple[str, ...]) -> None:
    page = visitor(told(house)).get("/desk/inbox/alerts/3", Accept_Language=language).text
    for part in parts:
        assert part in page


def test_what_was_mended_or_set_aside_is_no_longer_there(house: House) -> None:
    told(house)
    manager = visitor(house, Role.ADMIN)
    listed = manager.get("/desk/setup/bookings").text
    for part in ("John Doe", "C-1", "I-1", "O-1", "Uma &lt;b&gt;Ours&lt;/b&gt;"):
        assert part in listed
    for number in (1, 2):
        assert manager.post(f"/desk/setup/bookings/{number}/aside").status_code == 303
    assert "C-1" not in manager.get("/desk/inbox/alerts/1").text
