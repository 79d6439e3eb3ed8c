from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from scheduler.domain.appointment import Appointment, Reach
from scheduler.domain.clinic import Clinic, Closure, QuietHours
from scheduler.domain.hours import sending_hours
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.planning import plan
from scheduler.domain.protocol import After, Before, Between, Channel, IfLate, Protocol, Purpose, Step, Weekday
from scheduler.domain.reasons import sentence
from scheduler.domain.spans import Span, Unit
from scheduler.domain.states import Status
from tests.domain.samples import LATE_AFTER, LONG_AGO, SPACING, clinic, protocol, step
from tests.domain.zones import times, zones, zones_and_moments

clock_spans = st.one_of(
    st.builds(Span, st.integers(0, 72), st.just(Unit.HOURS)),
    st.builds(Span, st.integers(0, 90), st.just(Unit.MINUTES)),
)
day_spans = st.one_of(
    st.builds(Span, st.integers(0, 40), st.just(Unit.DAYS)),
    st.builds(Span, st.integers(0, 6), st.just(Unit.WEEKS)),
    st.builds(Span, st.integers(0, 3), st.just(Unit.MONTHS)),
)
ats = st.one_of(st.none(), times)


@st.composite
def betweens(draw: st.DrawFn) -> Between:
    start, prefer, end = sorted(draw(st.tuples(*[st.integers(0, 50)] * 3)))
    on = draw(st.frozensets(st.sampled_from(Weekday), min_size=1))
    return Between(Span(start, Unit.DAYS), Span(end, Unit.DAYS), Span(prefer, Unit.DAYS), on, draw(times))


timings = st.one_of(
    st.builds(Before, day_spans, ats),
    st.builds(Before, clock_spans),
    st.builds(After, day_spans, ats),
    st.builds(After, clock_spans),
    betweens(),
)
channels = st.sampled_from(
    [(Channel.SMS,), (Channel.EMAIL,), (Channel.SMS, Channel.EMAIL), (Channel.EMAIL, Channel.SMS)]
)
usefulness = st.one_of(st.none(), clock_spans, day_spans).filter(lambda span: span is None or span.amount > 0)


@st.composite
def protocols(draw: st.DrawFn) -> Protocol:
    steps = [
        replace(
            step(timing, f"step{number}", channels=draw(channels), first_of=draw(st.booleans())),
            useful_for=draw(usefulness),
            purpose=draw(st.sampled_from(Purpose)),
            if_late=draw(st.sampled_from(IfLate)),
            ask=draw(st.sampled_from([None, "redness"])),
            defer_on_closures=draw(st.booleans()),
        )
        for number, timing in enumerate(draw(st.lists(timings, min_size=1, max_size=5)))
    ]
    return protocol(*steps)


@st.composite
def clinics(draw: st.DrawFn, zone: ZoneInfo, around: date) -> Clinic:
    quiet = draw(st.one_of(st.none(), st.just(QuietHours(time(20), time(8))), st.builds(QuietHours, times, times)))
    first = around + timedelta(days=draw(st.integers(-10, 50)))
    closures = draw(st.sampled_from([(), (Closure(first, first + timedelta(days=draw(st.integers(0, 9)))),)]))
    return clinic(zone, quiet=quiet, closures=closures, grace=timedelta(minutes=draw(st.sampled_from([0, 3, 60]))))


class World:
    """A protocol, a clinic, a visit and a patient; `plan` makes the plan with any of them changed."""

    def __init__(self, wanted: Protocol, at: Clinic, visit: Appointment, reach: Reach, now: datetime) -> None:
        self.protocol, self.clinic, self.visit, self.reach, self.now = wanted, at, visit, reach, now

    def __repr__(self) -> str:
        return f"World({self.protocol}, {self.clinic}, {self.visit}, {self.reach}, now={self.now})"

    def plan(self, *, on: Protocol | None = None, at: Clinic | None = None) -> tuple[PlannedMessage, ...]:
        wanted, place = on or self.protocol, at or self.clinic
        times_ = {"now": self.now, "late_after": LATE_AFTER}
        return plan(wanted, place, self.visit, self.reach, **times_, late_spacing=SPACING)  # type: ignore[arg-type]  # by their names

    def step_of(self, message: PlannedMessage) -> Step:
        found = self.protocol.step(message.step)
        assert found
        return found


@st.composite
def worlds(draw: st.DrawFn, *, late: bool = False) -> World:
    zone, starts_at = draw(zones_and_moments())
    patient = Reach(draw(st.booleans()), draw(st.booleans()), draw(st.one_of(st.none(), zones)))
    visit = Appointment(starts_at, draw(st.sampled_from([None, starts_at + timedelta(minutes=90)])))
    now = starts_at + timedelta(minutes=draw(st.integers(-20_000, 80_000))) if late else LONG_AGO
    return World(draw(protocols()), draw(clinics(zone, starts_at.date())), visit, patient, now)


@given(worlds(late=True))
def test_the_same_plan_is_made_twice(world: World) -> None:
    assert world.plan() == world.plan()


@given(worlds(late=True))
def test_messages_are_ordered_by_when_they_are_due_and_then_as_the_protocol_has_them(world: World) -> None:
    place = {step.id: number for number, step in enumerate(world.protocol.steps)}
    keys = [(message.due_at, place[message.step]) for message in world.plan()]
    assert keys == sorted(keys)


@given(worlds(late=True))
def test_nothing_is_due_before_it_is_planned(world: World) -> None:
    assert all(message.due_at >= message.planned_at for message in world.plan())


@given(worlds(late=True))
def test_what_is_scheduled_is_due_while_it_is_useful_and_what_is_not_says_why(world: World) -> None:
    for message in world.plan():
        if message.status is Status.SCHEDULED:
            assert message.due_at < message.useful_until
        else:
            assert message.status in (Status.EXPIRED, Status.HELD)
            assert message.reasons[-1].code in {"not_useful", "collapsed", "late_dropped", "late_held"}


@given(worlds(late=True))
def test_what_is_scheduled_is_due_within_the_hours_of_its_step(world: World) -> None:
    for message in world.plan():
        if message.status is Status.SCHEDULED:
            hours = sending_hours(world.step_of(message), world.clinic, world.reach.timezone)
            assert hours.defer(message.due_at, message.useful_until) == (message.due_at, ())


@given(worlds(late=True))
def test_nothing_goes_out_before_the_undo_grace_is_over(world: World) -> None:
    earliest = world.now + world.clinic.undo_grace
    assert all(message.due_at >= earliest for message in world.plan() if message.status is Status.SCHEDULED)


@given(worlds(late=True))
def test_nothing_that_prepares_is_due_after_the_start_and_nothing_that_follows_before_the_end(world: World) -> None:
    end = world.visit.end(world.protocol.duration.elapsed)
    for message in world.plan():
        if isinstance(world.step_of(message).timing, Before):
            assert message.status is Status.EXPIRED or message.due_at < world.visit.starts_at
        else:
            assert message.planned_at >= end


@given(worlds())
def test_a_step_registered_in_time_is_moved_only_with_a_reason(world: World) -> None:
    for message in world.plan():
        moved = {reason.code for reason in message.reasons} & {"quiet_hours", "closure", "weekday"}
        assert (message.due_at == message.planned_at) == (not moved)


@given(worlds())
def test_a_closure_moves_no_step_but_those_it_defers(world: World) -> None:
    always_open = replace(world.clinic, closures=())
    for message, without in zip(by_step(world.plan()), by_step(world.plan(at=always_open)), strict=True):
        if not world.step_of(message).defer_on_closures:
            assert message == without
        assert (message.planned_at, message.useful_until) == (without.planned_at, without.useful_until)


@given(worlds())
def test_a_step_is_planned_as_if_it_were_alone(world: World) -> None:
    alone = [message for one in world.protocol.steps for message in world.plan(on=protocol(one))]
    assert by_step(world.plan()) == by_step(alone)


@given(worlds(late=True))
def test_a_question_is_never_collapsed_away(world: World) -> None:
    for message in world.plan():
        assert not message.ask or all(reason.code != "collapsed" for reason in message.reasons)


@given(worlds(late=True))
def test_what_takes_the_place_of_a_collapsed_message_is_later_and_of_the_same_purpose(world: World) -> None:
    messages = world.plan()
    for message in messages:
        for reason in message.reasons:
            if reason.code == "collapsed":
                heirs = [other for other in messages if other.step == dict(reason.params)["step"]]
                assert all(heir.purpose is message.purpose for heir in heirs)
                assert all(heir.due_at >= message.due_at for heir in heirs)


@given(worlds(late=True))
def test_both_channels_of_a_step_have_one_fate(world: World) -> None:
    fates: dict[str, set[tuple[datetime, datetime, Status]]] = {}
    for message in world.plan():
        fates.setdefault(message.step, set()).add((message.due_at, message.useful_until, message.status))
    assert all(len(fate) == 1 for fate in fates.values())


@given(worlds())
def test_each_step_has_one_message_a_channel_or_one_with_the_others_in_reserve(world: World) -> None:
    messages = world.plan()
    for wanted in world.protocol.steps:
        own = [message for message in messages if message.step == wanted.id]
        used = [(message.channel, *message.fallback) for message in own]
        if wanted.first_of:
            assert [set(channels_) for channels_ in used] == [set(wanted.channels)]
        else:
            assert used == [(channel,) for channel in wanted.channels]


@given(worlds(), st.integers(1, 30))
def test_moving_the_visit_by_whole_weeks_moves_all_by_as_much_where_clocks_do_not_change(
    world: World, weeks: int
) -> None:
    steady = [ZoneInfo("Asia/Tokyo"), ZoneInfo("Asia/Kolkata")]
    at = replace(world.clinic, timezone=steady[0], closures=())
    reach = replace(world.reach, timezone=steady[1])
    assume(not any(uses_months(one) for one in world.protocol.steps))
    by = timedelta(weeks=weeks)
    later = Appointment(world.visit.starts_at + by, world.visit.ends_at + by if world.visit.ends_at else None)
    first = World(world.protocol, at, world.visit, reach, LONG_AGO).plan()
    second = World(world.protocol, at, later, reach, LONG_AGO).plan()
    assert [instants_of(message, by) for message in first] == [instants_of(message) for message in second]


@given(worlds(late=True))
def test_every_plan_can_be_said_in_words(world: World) -> None:
    for message in world.plan():
        said = sentence(message.reasons, world.clinic.timezone)
        assert said.endswith(".")
        assert "{" not in said


def instants_of(message: PlannedMessage, by: timedelta = timedelta(0)) -> tuple[str, datetime, datetime, datetime]:
    return message.step, message.planned_at + by, message.due_at + by, message.useful_until + by


def by_step(messages: tuple[PlannedMessage, ...] | list[PlannedMessage]) -> list[PlannedMessage]:
    return sorted(messages, key=lambda message: (message.step, message.channel))


def uses_months(one: Step) -> bool:
    spans = [one.useful_for] if one.useful_for else []
    if isinstance(one.timing, Before | After):
        spans.append(one.timing.span)
    return any(span.unit is Unit.MONTHS for span in spans)
