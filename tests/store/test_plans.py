from scheduler.domain.protocol import Channel
from scheduler.domain.states import Brake, Status
from scheduler.store.database import Store
from scheduler.store.messages import messages_of
from scheduler.store.plans import Plan, add_first_plans, add_planned
from tests.store.samples import DIGEST, NOW, ZOE, a_patient, an_appointment, planned


def test_first_plans_come_back_as_they_were_planned_and_are_met_by_later_ones(store: Store) -> None:
    plan = [
        planned("a", fallback=(Channel.EMAIL,), ask="redness"),
        planned("b", channel=Channel.EMAIL, status=Status.HELD),
        planned("c", status=Status.EXPIRED),
    ]
    with store.write() as tx:
        visits = [an_appointment(tx, a_patient(tx, ZOE)) for _ in range(2)]
        add_first_plans(tx, [Plan(visit, plan, DIGEST) for visit in visits], now=NOW)
    with store.read() as tx:
        for visit in visits:
            a, b, c = messages_of(tx, visit.id)
            assert (a.step, a.fallback, a.ask, a.reasons) == ("a", (Channel.EMAIL,), "redness", plan[0].reasons)
            assert (a.due_at, a.try_at, a.useful_until) == (NOW, NOW, plan[0].useful_until)
            assert (a.origin, a.protocol_digest, a.tries) == (f"{visit.id}/a/sms/1", DIGEST, 0)
            assert (b.channel, b.status, b.brake) == (Channel.EMAIL, Status.HELD, Brake.LATE)
            assert (c.status, c.brake, c.created_at, c.updated_at) == (Status.EXPIRED, None, NOW, NOW)
    with store.write() as tx:
        assert add_planned(tx, visits[0], [planned("a")], protocol_digest=DIGEST, now=NOW) == []
        assert len(add_planned(tx, visits[0], [planned("a"), planned("d")], protocol_digest=DIGEST, now=NOW)) == 1
