"""What comes in late moves nobody back: of two words on a booking the newer counts, whichever comes first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.localtime import iso
from scheduler.services.appointments import call_off, complete, reschedule
from scheduler.services.arriving import arrive
from scheduler.services.exports.importing import Importer, ImportReport
from scheduler.services.intake import Field
from scheduler.services.registering import save
from scheduler.services.undoing import Undoable, keep, take_back
from scheduler.store.appointments import StoredAppointment, get_appointment, read_appointment
from scheduler.store.never_registered import KEPT_FOR, Off, find_never_registered, keep_never_registered
from scheduler.store.tables import appointments
from tests.services.exports import HEADER
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import CALCOM, calcom, calcom_booking, outcomes, tell, with_sources
from tests.web.desk import desk_of

OURS = f"{HEADER},Changed"
NEW = "+14165550199"


def dated(house: House) -> House:
    """Return the installation with a column that says when a booking was changed last."""
    known = house.configuration
    north = known.clinics["north"]
    columns = {**north.imports.columns, "updated_at": ("Changed",)}
    imports = replace(north.imports, columns=columns)
    return replace(
        house, configuration=replace(known, clinics={**known.clinics, "north": replace(north, imports=imports)})
    )


def row(
    at: str, *, start: str = "2026-03-18 10:00", status: str = "Confirmed", phone: str = "4165550123", **more: str
) -> str:
    """Return a row about Zoë, which the booking system changed last at `at`."""
    booking, name = more.get("booking", "B-1"), more.get("name", "Zoë Lachance")
    return f"{booking},,{start},,{name},{phone},{more.get('email', '')},,peel,{status},,,{at}"


def take(house: House, *rows: str, header: str = OURS) -> ImportReport:
    importer = Importer(house.store, house.configuration, house.clock, house.configuration.clinic("north"))
    return importer.take(importer.read("export.csv", "\n".join([header, *rows]).encode()))


def said(house: House, *rows: str, header: str = OURS) -> list[str]:
    return [it.result.value for it in take(house, *rows, header=header).rows]


def visits(house: House) -> list[StoredAppointment]:
    with house.store.read() as tx:
        return [read_appointment(it) for it in tx.connection.execute(sa.select(appointments).order_by("id"))]


def everything(house: House) -> list[Any]:
    """Return all that is known of visits, patients and messages, as it stands."""
    with house.store.read() as tx:
        return [
            tx.connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY id")).all()
            for table in ("appointments", "patients", "consents", "messages", "events")
        ]


def test_yesterdays_export_changes_nothing_of_what_todays_said(any_house: House) -> None:
    house = dated(any_house)
    yesterday = [
        row("2026-03-09 09:00"),
        row("2026-03-09 09:00", booking="B-2", name="Ann Roy", phone="4165550124"),
        row("2026-03-09 09:00", booking="B-3", name="Léo Martin", phone="4165550125", status="Called off"),
        row("2026-03-09 09:00", booking="B-4", name="Bob Stone", phone="4165550126"),
    ]
    today = [
        row("2026-03-10 09:00", start="2026-03-19 15:00", phone="4165550199"),
        row("2026-03-10 09:00", booking="B-2", name="Ann Roy", phone="4165550124", status="Called off"),
        row("2026-03-10 09:00", booking="B-3", name="Léo Martin", phone="4165550125"),
        row("2026-03-10 09:00", booking="B-4", name="Bob Stone", phone="4165550126", status="No show"),
    ]
    assert said(house, *yesterday[:3]) == ["registered", "registered", "unchanged"]
    assert said(house, *today[:3]) == ["rescheduled", "cancelled", "registered"]
    # What was called off before it was ever heard of has to be readable in full, as a row always has.
    assert said(house, today[3]) == ["unchanged"]
    before = everything(house)
    report = take(house, *yesterday)
    assert [it.result.value for it in report.rows] == ["unchanged"] * 4
    assert {it.reason for it in report.rows} == {
        "older than what the booking system said of it later (2026-03-10T13:00:00Z): nothing is taken from it"
    }
    assert [(it.why[0].code, it.why[0].values["at"]) for it in report.rows] == [
        ("older_word", "2026-03-10T13:00:00Z")
    ] * 4
    assert everything(house) == before
    assert said(house, *today) == ["unchanged"] * 4
    assert everything(house) == before


@pytest.mark.parametrize(
    ("known", "then", "result"),
    [
        ("2026-03-09 09:00:30", "2026-03-09 09:00:29", "unchanged"),
        ("2026-03-09 09:00:30", "2026-03-09 09:00:30", "rescheduled"),
        ("2026-03-09 09:00:30", "2026-03-09 09:00", "rescheduled"),
        ("2026-03-09 09:00:30", "2026-03-09 08:59", "unchanged"),
        ("2026-03-09 09:00:30", "2026-03-09", "rescheduled"),
        ("2026-03-09 09:00:30", "2026-03-08", "unchanged"),
        ("2026-03-09", "2026-03-09", "rescheduled"),
        ("2026-03-09", "", "unchanged"),
        ("", "", "rescheduled"),
        ("2026-03-09T13:00:00Z", "2026-03-09 09:00:01", "rescheduled"),
        ("2026-03-09T13:00:00.500Z", "2026-03-09T13:00:00.499Z", "unchanged"),
    ],
)
def test_a_row_is_older_only_where_that_is_certain(house: House, known: str, then: str, result: str) -> None:
    house = dated(house)
    take(house, row(known))
    assert said(house, row(then, start="2026-03-19 15:00")) == [result]


def test_a_date_of_change_that_cant_be_read_or_is_to_come_refuses_its_row(house: House) -> None:
    house = dated(house)
    take(house, row("2026-03-09 09:00"))
    before = everything(house)
    for text, reason in (
        ("2026-02-30 09:00", "updated_at: names a day or a time that does not exist: look at the calendar"),
        ("03/04/2026", "updated_at: may be 2026-03-04 or 2026-04-03"),
        ("soon", "updated_at: is not a date and time such as"),
        ("2026-03-12 09:00", "updated_at: 2026-03-12T13:00:00Z is still to come"),
    ):
        for status in ("Confirmed", "Called off"):
            (found,) = take(house, row(text, start="2026-03-19 15:00", status=status)).rows
            assert (found.result.value, found.reason[: len(reason)]) == ("refused", reason)
    assert everything(house) == before
    assert said(house, row("2026-03-11 10:00", start="2026-03-19 15:00")) == ["rescheduled"]


def test_what_staff_decided_is_undone_by_what_the_booking_system_says_later_only(any_house: House) -> None:
    house = dated(any_house)
    (visit,) = [it.appointment for it in take(house, row("2026-03-09 09:00")).rows]
    assert visit
    with house.store.write() as tx:
        known, now = get_appointment(tx, visit), house.clock.now()
        reschedule(tx, house.configuration, known, starts_at=VISIT + timedelta(days=2), now=now, by="desk")
    (found,) = take(house, row("2026-03-10 09:00", phone="4165550199")).rows
    assert (found.result.value, found.why[0].code) == ("unchanged", "decided_since")
    assert found.reason == (
        "was changed here (2026-03-10T15:00:00Z) after the booking system last changed it, and stays so: "
        "change it there too"
    )
    assert house.appointment(visit).starts_at == VISIT + timedelta(days=2)
    assert house.patient(visit).phone == NEW
    assert said(house, row("2026-03-10 10:00", status="Called off")) == ["unchanged"]
    # A day of which nobody knows the hour may be before it.
    assert said(house, row("2026-03-10", start="2026-03-19 15:00")) == ["unchanged"]
    assert said(house, row("2026-03-10 11:30", start="2026-03-19 15:00")) == ["rescheduled"]
    with house.store.write() as tx:
        house.clock.move_to(REGISTERED + timedelta(hours=2))
        call_off(tx, visit, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")
    assert said(house, row("2026-03-10 12:00", start="2026-03-19 15:00")) == ["unchanged"]
    assert said(house, row("2026-03-10 13:30", start="2026-03-19 15:00")) == ["rescheduled"]
    house.clock.move_to(VISIT + timedelta(days=3))
    with house.store.write() as tx:
        complete(tx, get_appointment(tx, visit), now=house.clock.now(), by="desk")
    assert said(house, row("2026-03-20 09:00", status="No show")) == ["unchanged"]
    assert house.appointment(visit).status is AppointmentStatus.COMPLETED


def test_without_a_date_of_change_the_booking_system_leads(house: House) -> None:
    (visit,) = [it.appointment for it in take(house, row(""), header=f"{HEADER},Other").rows]
    assert visit
    with house.store.write() as tx:
        call_off(tx, visit, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")
    assert said(house, row(""), header=f"{HEADER},Other") == ["rescheduled"]


def test_a_no_show_that_the_booking_system_takes_back_later_is_on_again(house: House) -> None:
    house = dated(house)
    take(house, row("2026-03-09 09:00"), header=OURS)
    assert said(house, row("2026-03-09 10:00", status="No show")) == ["cancelled"]
    assert said(house, row("2026-03-09 10:00")) == ["unchanged"]
    assert said(house, row("2026-03-09 11:00")) == ["rescheduled"]


def test_what_is_taken_back_may_be_said_again(house: House) -> None:
    """A file that was read wrongly and is taken back must not keep the right one out."""
    house = dated(house)
    desk = desk_of(house)
    visit = take(house, row("2026-03-09 09:00")).rows[0].appointment
    assert visit
    with house.store.read() as tx:
        before = get_appointment(tx, visit)
    take(house, row("2026-03-10 09:00", start="2026-03-19 15:00"))
    with house.store.write() as tx:
        undo = keep(tx, desk, "north", "moved", [Undoable.of(get_appointment(tx, visit), before)], by="desk")
    assert undo is not None
    take_back(desk, undo, by="desk")
    assert house.appointment(visit) == before
    assert said(house, row("2026-03-09 10:00", start="2026-03-20 15:00")) == ["rescheduled"]


def test_a_registration_at_the_desk_that_moves_somebody_is_a_decision(house: House) -> None:
    house = dated(house)
    desk = desk_of(house)
    take(house, row("2026-03-10 09:00"))
    later = house.registration(external_id="B-1", starts_at=iso(VISIT + timedelta(days=1)))
    save(desk, later, by="desk", shown=None)
    assert said(house, row("2026-03-10 10:00")) == ["unchanged"]
    assert visits(house)[0].starts_at == VISIT + timedelta(days=1)


def test_a_word_of_one_source_is_measured_by_that_of_another(house: House) -> None:
    """What a call said at a time of its own is not undone by an export that is older."""
    house = dated(house)
    clinic = house.configuration.clinic("north")
    take(house, row("2026-03-09 09:00"))
    moved = {
        Field.EXTERNAL_ID: "B-1",
        Field.NAME: "Zoë Lachance",
        Field.PHONE: NEW,
        Field.TREATMENT: "peel",
        Field.STARTS_AT: iso(VISIT + timedelta(days=1)),
        Field.UPDATED_AT: "2026-03-09T13:00:05Z",
    }
    with house.store.write() as tx:
        assert arrive(tx, house.registrar(follow=True), clinic, moved).result == "rescheduled"
    assert said(house, row("2026-03-09 08:59")) == ["unchanged"]
    assert visits(house)[0].starts_at == VISIT + timedelta(days=1)


def test_calls_are_measured_by_exports_and_exports_by_calls(house: House) -> None:
    """Both tell of one booking: whichever is newer stands."""
    house = with_sources(dated(house), CALCOM)
    john = {"name": "John Doe", "email": "john.doe@example.com"}
    take(house, row("2026-03-10 10:00", **john))
    moved = calcom_booking("BOOKING_RESCHEDULED", "B-1", VISIT + timedelta(days=1), REGISTERED)
    tell(house, calcom(moved))
    assert visits(house)[0].starts_at == VISIT + timedelta(days=1)
    assert said(house, row("2026-03-10 10:00", **john)) == ["unchanged"]
    assert said(house, row("2026-03-10 11:01", **john)) == ["rescheduled"]
    tell(house, calcom(calcom_booking("BOOKING_CANCELLED", "B-1", VISIT, REGISTERED + timedelta(seconds=30))))
    assert outcomes(house) == ["moved", "unchanged"]
    assert [it.status.value for it in visits(house)] == ["booked"]


def test_what_was_off_before_it_was_on_is_forgotten_when_it_is_long_over(any_house: House) -> None:
    now = any_house.clock.now()
    with any_house.store.write() as tx:
        keep_never_registered(tx, "north", {"a": Off(now), "b": Off(now - KEPT_FOR - timedelta(days=1))}, now=now)
        keep_never_registered(tx, "north", {"a": Off(now + timedelta(days=1))}, now=now)
        keep_never_registered(tx, "south", {"a": Off(now)}, now=now)
        assert find_never_registered(tx, "north", ["a", "b"]) == {"a": Off(now + timedelta(days=1))}
        keep_never_registered(tx, "south", {"c": Off(now + KEPT_FOR * 2)}, now=now + KEPT_FOR * 2)
        assert find_never_registered(tx, "north", ["a"]) == {}


STATES = ("Confirmed", "Called off", "No show")
NUMBERS = count()


@dataclass(frozen=True)
class Word:
    """What a booking system says of a booking from some minute on."""

    minute: int
    day: int
    state: str
    phone: int

    def row(self, booking: str) -> str:
        at = (REGISTERED - timedelta(days=1) + timedelta(minutes=self.minute)).astimezone(UTC)
        start = f"2026-03-{18 + self.day} 10:00"
        return row(
            iso(at), start=start, status=self.state, phone=f"41655501{self.phone}", booking=booking, name=booking
        )


def arrivals(number: int) -> st.SearchStrategy[list[Word]]:
    """Return words with times of their own, in some order, some of them more than once."""
    one = st.builds(Word, st.integers(0, 600), st.integers(0, 3), st.sampled_from(STATES), st.integers(10, 14))
    several = st.lists(one, min_size=1, max_size=number, unique_by=lambda it: it.minute)
    return several.flatmap(lambda it: st.permutations([*it, *it[:1]]))


def come_to_the_newest(house: House, words: Sequence[Word]) -> None:
    """Let each word come in a file of its own; look at what stands, and what older ones do to it then."""
    booking = f"Word {next(NUMBERS)}"
    for word in words:
        said(house, word.row(booking))
    newest = max(words, key=lambda it: it.minute)
    before = everything(house)
    mine = [it for it in visits(house) if it.external_id == booking]
    if newest.state == "Confirmed":
        (visit,) = mine
        assert (visit.status, visit.starts_at) == (AppointmentStatus.BOOKED, VISIT + timedelta(days=newest.day))
        assert house.patient(visit.id).phone == f"+141655501{newest.phone}"
    else:
        assert {it.status for it in mine} <= {AppointmentStatus(house_status(newest.state))}
    for word in words:
        assert said(house, word.row(booking)) == ["unchanged"]
    assert everything(house) == before


def house_status(text: str) -> str:
    return {"Called off": "cancelled", "No show": "no_show"}[text]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(words=arrivals(4))
def test_in_whatever_order_words_come_the_newest_stands(house: House, words: list[Word]) -> None:
    come_to_the_newest(dated(house), words)


@pytest.mark.long
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(words=arrivals(6))
def test_so_it_is_on_either_database(any_house: House, words: list[Word]) -> None:
    come_to_the_newest(dated(any_house), words)


def test_of_two_rows_of_one_id_in_one_file_the_newer_counts_in_whatever_order(any_house: House) -> None:
    house = dated(any_house)
    old, new = "2026-03-08 10:00", "2026-03-09 10:00"
    moved, before = "2026-03-19 15:00", "2026-03-18 10:00"
    people = {number: {"booking": f"I{number}", "name": f"Ann Roy{number}", "phone": f"416555012{number}"}
              for number in range(1, 7)}  # fmt: skip
    found = said(
        house,
        *(row(old, **people[1]), row(new, start=moved, **people[1])),
        *(row(new, start=moved, **people[2]), row(old, **people[2]), row("2026-03-08 12:00", **people[2])),
        *(row(old, **people[3]), row(new, status="Called off", **people[3])),
        *(row(new, status="Called off", **people[4]), row(old, **people[4])),
        *(row(old, **people[5]), row(old, start=moved, **people[5])),
        *(row("", **people[6]), row("", start=moved, **people[6])),
    )
    assert found == [
        *("registered", "rescheduled"),
        *("registered", "unchanged", "unchanged"),
        *("registered", "cancelled"),
        *("unchanged", "unchanged"),
        *("registered", "refused"),
        *("registered", "refused"),
    ]
    stands = {it.external_id: (it.status.value, f"{it.starts_at:%d}") for it in visits(house)}
    assert stands == {
        "I1": ("booked", moved[8:10]),
        "I2": ("booked", moved[8:10]),
        "I3": ("cancelled", before[8:10]),
        "I5": ("booked", before[8:10]),
        "I6": ("booked", before[8:10]),
    }


def test_a_no_show_is_taken_back_by_a_word_from_after_what_staff_decided(any_house: House) -> None:
    house = dated(any_house)
    (visit,) = [it.appointment for it in take(house, row("2026-03-09 09:00")).rows]
    assert visit
    with house.store.write() as tx:
        known, now = get_appointment(tx, visit), house.clock.now()
        reschedule(tx, house.configuration, known, starts_at=VISIT + timedelta(days=1), now=now, by="desk")
    house.clock.move_to(VISIT + timedelta(days=3))
    moved = "2026-03-19 10:00"
    assert said(house, row("2026-03-20 09:00", start=moved, status="No show")) == ["cancelled"]
    assert said(house, row("2026-03-20 08:00", start=moved)) == ["unchanged"]
    assert said(house, row("2026-03-20 10:00", start=moved)) == ["rescheduled"]


def test_an_id_that_was_called_off_for_somebody_else_is_refused_aloud(any_house: House) -> None:
    house = dated(any_house)
    off = {"status": "Called off", "name": "Ursula Una", "email": "u@patients.example"}
    assert (
        said(house, *(row("2026-03-09 10:00", booking=it, **off) for it in ("U1", "U2", "U3"))) == ["unchanged"] * 3
    )
    bob = {"name": "Bob Better", "phone": "4165550177", "email": "bob@patients.example"}
    (found,) = take(house, row("2026-03-08 10:00", booking="U1", **bob)).rows
    assert (found.result.value, found.why[0].code) == ("refused", "off_anothers")
    assert "two booking systems count alike" in found.reason
    assert said(house, row("", booking="U1", **bob)) == ["refused"]
    married = row("2026-03-08 10:00", booking="U2", name="Ursula Major", phone="4165550188")
    assert said(house, married) == ["unchanged"]
    assert said(house, row("2026-03-10 10:00", booking="U3", **bob)) == ["registered"], "it is newer"
