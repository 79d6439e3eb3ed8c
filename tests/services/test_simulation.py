"""Simulations: what is played is what the product does, alone or with others in one world."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import phonenumbers
import pytest
import structlog

from scheduler import logs
from scheduler.content.templates import Texts
from scheduler.domain.simulated import Answered, Case, Outage
from scheduler.paths import shipped
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import load
from scheduler.services import stage
from scheduler.services.forecast import Forecaster
from scheduler.services.played import Played
from scheduler.services.sample_people import sample_phone
from scheduler.services.simulation import Simulator, Wanted

VISIT = datetime(2026, 6, 1, 14, 0)  # noqa: DTZ001  (the clinic's wall clock, as in all that follows)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    made = Simulator(load(shipped("config")), Texts(shipped("templates")), Lexicons(shipped("config")))
    yield made
    made.close()


def case(**more: object) -> Case:
    return Case(clinic="lumiere", treatment="microneedling", starts_at=VISIT, **more)  # type: ignore[arg-type]  # by their names


def told(played: object) -> list[tuple[str, str, str, datetime | None, str]]:
    assert isinstance(played, Played)
    return [(it.line.step, it.line.channel, it.line.status, it.sent_at, it.line.reason) for it in played.messages]


MANY = (
    case(),
    case(has_phone=False),
    case(language="en", events=(Answered(VISIT.replace(day=3), "redness_check", "2"),)),
    case(language="en", events=(Answered(VISIT.replace(day=3), "redness_check", "3, fever and pus"),)),
    case(events=(Outage(VISIT.replace(day=2, hour=8), VISIT.replace(day=3, hour=12)),)),
    case(closures=()),
)


def test_a_case_goes_the_same_way_alone_and_with_others_in_its_world(simulator: Simulator) -> None:
    together = simulator.play_all([Wanted(it) for it in MANY])
    assert [told(it) for it in together] == [told(simulator.play(it)) for it in MANY]


def test_a_play_of_watched_steps_ends_before_the_rest_goes_out(simulator: Simulator) -> None:
    (played,) = simulator.play_all([Wanted(case(), watched=["redness_check"])])
    sent = {step for step, _, _, sent_at, _ in told(played) if sent_at}
    assert sent == {"prepare", "sun_protection", "avoid_actives", "redness_check"}


def test_the_same_case_is_played_the_same_each_time(simulator: Simulator) -> None:
    assert told(simulator.play(MANY[2])) == told(simulator.play(MANY[2]))


def test_nothing_of_a_simulation_is_logged(simulator: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure(verbose=True)
    simulator.play(MANY[3])
    structlog.reset_defaults()
    assert capfd.readouterr().err == ""


def test_whom_an_engine_was_down_for_gets_the_check_late_and_what_it_overtook_not(simulator: Simulator) -> None:
    found = {step: (status, sent_at) for step, channel, status, sent_at, _ in told(simulator.play(MANY[4]))}
    status, sent_at = found["redness_check"]
    assert status == "accepted"
    assert sent_at is not None
    assert sent_at.replace(tzinfo=None) == VISIT.replace(day=3, hour=12) + timedelta(hours=4)
    assert found["avoid_actives"][0] == "expired"


def test_more_cases_than_passes_are_allowed_for_one_come_to_their_end(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "MOST_PASSES", 20)
    days = [case(registered_at=VISIT.replace(day=1, hour=8)), case(registered_at=VISIT.replace(day=2, hour=8))]
    assert all(isinstance(it, Played) for it in simulator.play_all([Wanted(it) for it in days * 3]))
    monkeypatch.setattr(stage, "MOST_PASSES", 1)
    with pytest.raises(stage.SimulationError):
        simulator.play(case())


@pytest.mark.parametrize("number", [0, 1, 998, 4999])
def test_in_every_country_a_sample_patient_has_a_phone_that_exists_and_is_nobody_elses(number: int) -> None:
    refused = [
        country
        for country in sorted(phonenumbers.SUPPORTED_REGIONS)
        if not phonenumbers.is_valid_number(phonenumbers.parse(sample_phone(country, number)))
        or sample_phone(country, number) == sample_phone(country, number + 1)
    ]
    assert refused == []


@pytest.mark.parametrize("treatment", sorted(load(shipped("config")).protocols))
@pytest.mark.parametrize("hour", [10, 19], ids=["by day", "in the evening"])
def test_a_range_of_one_visit_foresees_what_the_visit_itself_brings(
    simulator: Simulator, treatment: str, hour: int
) -> None:
    configuration = load(shipped("config"))
    zone = configuration.clinic("serena").timezone
    forecaster = Forecaster(configuration, Texts(shipped("templates")))
    for day, more in ((27, {}), (28, {"has_phone": False}), (28, {"has_email": False}), (29, {})):
        visit = datetime(2026, 3, day, hour, 45, tzinfo=zone)  # clocks go forward on the 29th
        wanted = Case(clinic="serena", treatment=treatment, starts_at=visit, **more)  # type: ignore[arg-type]  # by their names
        foreseen = forecaster.forecast(wanted, [visit], lambda *_: None)
        played = simulator.play(wanted)
        assert Counter((it.step, it.channel, it.at, it.segments) for it in foreseen.sent) == Counter(
            (it.line.step, it.line.channel, it.sent_at, it.segments or 0) for it in played.sent
        )
    forecaster.close()
