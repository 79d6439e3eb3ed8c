"""An import that was stopped half way: the page says how far it is, and its end counts all of it."""

import re
from datetime import datetime

import pytest

from scheduler.clock import FixedClock
from scheduler.services.exports.importing import BATCH
from scheduler.store.tables import appointments
from tests.services.house import House
from tests.web.console.test_appointments_files import HEADER, brought
from tests.web.console.test_appointments_register import count, desk_of

ROWS = 2 * BATCH + 50


class KilledError(Exception):
    """Stands for the end of the process."""


class Deadly(FixedClock):
    """A clock that ends whoever asks it once too often."""

    left: int | None = None

    def now(self) -> datetime:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KilledError
        return super().now()


def file_of(rows: int) -> bytes:
    lines = (f"A{n},2026-03-18 10:00,Person {n},,person{n}@patients.example,peel,x" for n in range(rows))
    return "\n".join((HEADER, *lines)).encode()


def test_what_a_stopped_import_did_is_told_and_its_undo_covers_all(any_house: House) -> None:
    any_house.clock = clock = Deadly(any_house.clock.now())
    staff = desk_of(any_house)
    path = brought(staff, file_of(ROWS))
    done = 0
    for looks in range(3, 12):
        clock.left = looks
        with pytest.raises(KilledError):
            staff.post(path)
        clock.left = None
        if done := count(any_house, appointments):
            break
    assert 0 < done < ROWS

    stopped = staff.get(path).text
    assert "Nothing is registered yet" not in stopped
    assert f"{done} of {ROWS} good rows" in stopped
    assert f"the {ROWS - done} rows that are left" in stopped

    assert staff.post(path).status_code == 303
    ended = staff.get(path).text
    assert f"{ROWS} appointments are registered" in ended
    assert "ended otherwise" not in ended
    assert count(any_house, appointments) == ROWS
    undo = re.search(r"/desk/appointments/undo/\d+", ended)
    assert undo
    assert f"Take {ROWS} back" in staff.get(undo[0]).text


def test_undo_is_offered_on_the_page_as_long_as_it_is_open(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff, file_of(3))
    staff.post(path)
    staff.get(path)

    again = staff.get(path).text
    assert "/desk/appointments/undo/" in again
    assert "What each row did" in again
    assert "What each row would do" not in again
    assert "/desk/appointments/undo/" not in desk_of(any_house).get(path).text


def test_each_row_says_whom_it_is_about_and_when(any_house: House) -> None:
    staff = desk_of(any_house)
    bad = "A9,2026-02-30 10:00,<b>Bad</b>,,bad@patients.example,peel,x"
    page = staff.get(brought(staff, file_of(1) + b"\n" + bad.encode())).text

    assert "Person 0" in page
    assert "2026-03-18 10:00" in page
    assert "&lt;b&gt;Bad&lt;/b&gt;" in page
    assert "2026-02-30 10:00" in page
    assert "names a day or a time that does not exist" in page
    assert "%Y" not in page
