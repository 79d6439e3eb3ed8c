"""Who took an alert is told of what is written then; where that ring reaches nobody, the others are told."""

import pytest

from scheduler.services.alerts import take_alert
from tests.servers.behaviours import refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, House, after
from tests.services.on_call import CAROL, Phones, now, rung, with_on_call
from tests.services.replying import answer
from tests.services.test_joining import HEARD, LATER, only
from tests.services.test_unreached import DOCTOR, missed


@pytest.mark.parametrize(("status", "code"), [(400, 21610), (400, 21211)])
def test_a_ring_of_more_that_reaches_nobody_rings_the_next(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer, status: int, code: int
) -> None:
    any_live.configuration = with_on_call(DOCTOR, CAROL)
    any_live.register()
    any_live.dispatch(CHECK)
    answer(any_live, "3", HEARD)
    any_live.dispatch(HEARD)
    alert = only(any_live)
    with any_live.store.write() as tx:
        take_alert(tx, alert.id, by="Doctor", now=after(HEARD, minutes=1))
    phones = Phones(twilio, smtp)
    phones.forget()
    answer(any_live, "there is pus", LATER)
    twilio.by_number[str(DOCTOR.sms)] = refuse(status, code)
    any_live.dispatch(LATER)
    assert missed(any_live, alert) == ["Doctor"]
    assert now(any_live, alert).taken_by is None
    assert [who.partition(":")[0] for _, who in rung(any_live, alert)][:3] == ["Doctor", "Doctor", "Carol"]
    assert "carol@north.example" in phones.rung
