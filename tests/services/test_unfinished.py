"""An apply that was stopped halfway: others wait for it, on both databases; and what goes its own way is counted."""

from dataclasses import replace

import pytest

from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.apart import Apart, PinnedStep, Withdrawn
from scheduler.services.applying import Chosen
from scheduler.services.planner import Planner
from scheduler.services.unfinished import drop_unfinished
from scheduler.store.applies import all_applies, unfinished_applies
from tests.services.editing import edited
from tests.services.house import OFFER, House, after
from tests.services.test_applying import NOON, StoppedError, applier, apply, crowd, stop_after

PIN = ("peel", "check")


def apart(house: House, configuration: Configuration, treatment: str | None = None) -> Apart:
    with house.store.read() as tx:
        return Planner(configuration, treatment=treatment).apart(tx, now=house.clock.now())


def stopped(house: House) -> Configuration:
    """Stop an apply that pins an edit after two of five visits."""
    crowd(house, 5)
    new = edited(house.configuration, check=NOON)
    with pytest.raises(StoppedError):
        apply(house, new, PIN, batch=2, progress=stop_after(1))
    return new


def test_other_words_wait_until_it_is_at_its_end_and_change_nothing(any_house: House) -> None:
    new = stopped(any_house)
    for chosen in (Chosen(), Chosen(frozenset({PIN}), clinic="north")):
        with pytest.raises(
            ConflictError, match=r"--pin peel\.check`, begun by Ada .* \(2 appointments have followed"
        ):
            applier(any_house, new).apply(chosen)
    assert apart(any_house, new) == Apart((PinnedStep(*PIN, 2),))
    assert apply(any_house, new, PIN).resumed
    assert apart(any_house, new) == Apart((PinnedStep(*PIN, 5),))
    with any_house.store.read() as tx:
        (kept,) = all_applies(tx)
    assert (kept.words, kept.counts["in_flight"]) == (("--pin", "peel.check"), 5)


def test_given_up_it_is_at_its_end_and_the_rest_may_go_elsewhere(any_house: House) -> None:
    new = stopped(any_house)
    (dropped,) = drop_unfinished(any_house.store, now=any_house.clock.now(), by="Bo")
    assert dropped.words == ("--pin", "peel.check")
    done = apply(any_house, new)
    assert done.apply
    assert (done.resumed, done.apply.counts["in_flight"]) == (False, 3)
    assert apart(any_house, new) == Apart((PinnedStep(*PIN, 2),))


def test_none_is_given_up_while_one_is_at_work(any_house: House) -> None:
    stopped(any_house)
    with any_house.store.turn("apply") as mine:
        assert mine
        with pytest.raises(ConflictError, match="is at work"):
            drop_unfinished(any_house.store, now=any_house.clock.now(), by="Bo")
    with any_house.store.read() as tx:
        assert len(unfinished_applies(tx)) == 1


def test_those_of_a_treatment_without_a_file_are_counted_while_something_is_to_come(any_house: House) -> None:
    any_house.register()
    own = {name: it for name, it in any_house.configuration.protocols.items() if name != "peel"}
    gone = replace(any_house.configuration, protocols=own)
    assert apart(any_house, gone) == Apart((), (Withdrawn("peel", 1),))
    assert apart(any_house, gone, "needling") == Apart()
    for days in range(60):
        any_house.dispatch(after(OFFER, days=days - 56))
    assert apart(any_house, gone) == Apart()
