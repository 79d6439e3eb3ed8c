"""What the booking system says after somebody decided the same is not undone: it will not say it again."""

from datetime import timedelta

from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.undoing import Fault, Undoable, keep, take_back
from scheduler.store.appointments import get_appointment
from tests.services.house import VISIT, House
from tests.services.test_words_in_order import dated, row, said, visits
from tests.web.desk import desk_of


def test_an_undo_does_not_take_back_what_the_source_said_anew(any_house: House) -> None:
    house = dated(any_house)
    desk, later = desk_of(house), VISIT + timedelta(days=1)
    said(house, row("2026-03-09 09:00"), row("2026-03-09 09:00", booking="B-2", start="2026-03-25 10:00"))
    off, moved = (it.id for it in visits(house))
    undos = []
    with house.store.write() as tx:
        now = house.clock.now()
        before = [get_appointment(tx, it) for it in (off, moved)]
        call_off(tx, off, AppointmentStatus.CANCELLED, now=now, by="anna")
        reschedule(tx, house.configuration, before[1], starts_at=later, now=now, by="anna")
        for it in before:
            done = Undoable.of(get_appointment(tx, it.id), it)
            undos.append(keep(tx, desk, "north", "moved", [done], by="anna"))
    words = [
        row("2026-03-10 10:00", status="Called off"),
        row("2026-03-10 10:00", booking="B-2", start="2026-03-19 10:00"),
    ]
    assert said(house, *words) == ["unchanged", "unchanged"]
    assert visits(house)[1].starts_at == later
    stood = visits(house)
    for undo, visit in zip(undos, (off, moved), strict=True):
        assert undo is not None
        assert take_back(desk, undo, by="anna").faults == {visit: Fault.CHANGED}
    assert visits(house) == stood
