"""A text that was written before a question is no answer to it, however late it is worked on."""

import pytest

from tests.services.house import CHECK, SMS, House, after
from tests.services.test_replies import REPLIED
from tests.services.texting import Text, alerted, replies


@pytest.mark.parametrize("body", ["All good", "1", "2"])
def test_what_was_written_before_the_question_went_out_does_not_answer_it(any_live: House, body: str) -> None:
    appointment = any_live.register(treatment="needling")
    any_live.clock.move_to(after(CHECK, minutes=-30))
    Text(body).store(any_live)
    any_live.clock.move_to(CHECK)
    any_live.prepare("engine", any_live.claim("engine"))
    any_live.clock.move_to(REPLIED)
    assert any_live.replies().handle() == 1
    assert replies(any_live)[0].question is None
    assert ("recheck", SMS) not in any_live.messages(appointment)
    assert alerted(any_live) == ([] if body != "2" else ["reply"])
    Text("2, still red").send(any_live)
    assert replies(any_live)[0].question == any_live.message(appointment, "check").id
