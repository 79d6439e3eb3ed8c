"""Visits of a program that kept no versions of protocols follow an edit like all others, after an upgrade."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from scheduler.domain.states import Status
from scheduler.services import adoption
from scheduler.services.adoption import adopt
from scheduler.store.tables import appointments, messages
from tests.services.editing import edited, moved, planned, removed, rows
from tests.services.house import CHECK, EMAIL, NEXT_DAY, PREPARE, House, after
from tests.services.test_adjusting import move_visit
from tests.services.test_applying import NOON, apply, crowd


def as_before_versions(house: House) -> None:
    """Leave the database as the migration finds that of the program before."""
    house.forget_versions()
    with house.store.write() as tx:
        tx.connection.execute(sa.update(appointments).values(protocol_digest=None))


def adopted(house: House) -> int:
    return adopt(house.store, house.configuration, now=house.clock.now())


def test_a_visit_from_before_follows_an_edit_that_is_made_after_the_upgrade(any_house: House) -> None:
    appointment = any_house.register()
    as_before_versions(any_house)
    assert (adopted(any_house), adopted(any_house)) == (1, 0)
    new = edited(any_house.configuration, check=NOON)
    assert rows(any_house, appointment, new) == [("moved", "check", "sms", "03-20 10:00", "03-20 12:00")]
    apply(any_house, new)
    assert any_house.message(appointment, "check").due_at == after(CHECK, hours=2)
    assert planned(any_house, new) == {}


def test_it_goes_by_the_files_as_they_were_at_the_upgrade_until_an_edit_is_applied(any_house: House) -> None:
    appointment = any_house.register()
    as_before_versions(any_house)
    with any_house.store.write() as tx:  # planned by files that were edited since, of which nothing is known
        tx.connection.execute(sa.update(messages).values(protocol_digest="0" * 64))
    adopted(any_house)
    old, new = any_house.configuration, edited(any_house.configuration, next_day=removed, check=moved("3d", "10:00"))
    any_house.configuration = new
    assert any_house.message(appointment, "check").protocol_digest == old.protocols["peel"].digest
    move_visit(any_house, appointment, after(any_house.appointment(appointment).starts_at, hours=1))
    assert any_house.message(appointment, "check").planned_at == CHECK
    any_house.dispatch(PREPARE)
    any_house.dispatch(after(NEXT_DAY, hours=1))
    assert any_house.message(appointment, "next_day", EMAIL).status is Status.ACCEPTED


def test_what_was_handed_over_keeps_what_is_known_of_it(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(PREPARE)
    as_before_versions(any_house)
    with any_house.store.write() as tx:
        tx.connection.execute(sa.update(messages).values(protocol_digest="0" * 64))
    adopted(any_house)
    assert any_house.message(appointment, "prepare", EMAIL).protocol_digest == "0" * 64


def test_all_are_given_one_a_portion_at_a_time(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "AT_ONCE", 2)
    crowd(any_house, 5)
    as_before_versions(any_house)
    assert adopted(any_house) == 5


def test_a_treatment_that_is_configured_no_more_is_left_alone(any_house: House) -> None:
    any_house.register()
    as_before_versions(any_house)
    any_house.configuration = replace(any_house.configuration, protocols={})
    assert adopted(any_house) == 0
