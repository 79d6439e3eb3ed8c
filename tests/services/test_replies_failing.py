"""A text that can not be worked on: a person is told, and those behind it have their turn."""

from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa

from scheduler.domain.lexicon import Lexicon
from scheduler.errors import StoreError
from scheduler.services.inbound import MOST_TRIES, Replies
from tests.services.house import WORDS, House
from tests.services.texting import Text, alerted, replies

Words = Callable[[], Sequence[Lexicon]]


def failing(fault: Exception, times: int) -> Words:
    """Return words that can't be used so many times, but for the look before the first text."""
    left = [None, *[fault] * times]

    def words() -> Sequence[Lexicon]:
        if left and (it := left.pop(0)):
            raise it
        return WORDS()

    return words


def desk(house: House, words: Words) -> Replies:
    return Replies(house.store, house.configuration, words, house.clock, "engine")


def test_a_text_that_fails_again_and_again_is_told_to_a_person_and_holds_up_no_other(any_house: House) -> None:
    Text("3").store(any_house)
    Text("2").store(any_house)
    assert desk(any_house, failing(RuntimeError("a fault of ours"), MOST_TRIES)).handle() == 2
    assert [it.body for it in replies(any_house)] == ["2"]
    assert "urgent" in alerted(any_house)


def test_a_text_is_never_given_up_because_the_database_failed(any_house: House) -> None:
    Text("3").store(any_house)
    for _ in range(MOST_TRIES + 2):
        with pytest.raises(StoreError):
            desk(any_house, failing(StoreError("away"), 1)).handle()
    assert replies(any_house) == ()
    assert any_house.replies().handle() == 1
    assert [it.body for it in replies(any_house)] == ["3"]


REFUSALS = {
    "sqlite": [
        "CREATE TRIGGER refusing BEFORE INSERT ON replies WHEN NEW.media = 7 BEGIN SELECT RAISE(ABORT, 'no'); END"
    ],
    "postgresql": ["ALTER TABLE replies ADD CONSTRAINT no_such_reply CHECK (media <> 7)"],
}


def test_a_text_that_the_database_refuses_each_time_is_told_to_a_person_and_holds_up_no_other(
    any_house: House,
) -> None:
    with any_house.store.write() as tx:
        for statement in REFUSALS[tx.dialect]:
            tx.connection.execute(sa.text(statement))
    Text("3", more={"NumMedia": "7"}).store(any_house)
    Text("2").store(any_house)
    assert any_house.replies().handle() == 2
    assert [it.body for it in replies(any_house)] == ["2"]
    assert "urgent" in alerted(any_house)
