"""Texts that were stored are handled in their order, and nothing that is wrong with one holds up the others."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from scheduler.domain.reasons import sentence
from scheduler.protocols.lexicons import Lexicons
from scheduler.store.database import open_store
from scheduler.store.provider_events import add_provider_event
from tests.servers.twilio import TwilioServer
from tests.services import house as houses
from tests.services.house import CHECK, House, after, configuration
from tests.services.test_replies import REPLIED, asked, stopped, texts_to
from tests.services.texting import Text, alerted, alerts, answered, replies

UTC = ZoneInfo("UTC")


def test_a_text_that_nothing_can_be_done_about_stops_no_other_and_a_person_is_told(any_live: House) -> None:
    asked(any_live)
    with any_live.store.write() as tx:
        add_provider_event(
            tx, unique_id="odd", provider="twilio", kind="inbound", payload="{}", now=any_live.clock.now()
        )
    Text("1").store(any_live)
    with capture_logs() as lines:
        any_live.dispatch(REPLIED)
    assert [it["tries"] for it in lines if it["event"] == "reply.failed"] == [1, 2, 3]
    assert (alerted(any_live), answered(any_live)) == (["urgent"], ["answer_fine"])
    assert "could not be worked on" in sentence(alerts(any_live)[0].reasons, UTC)


def test_where_the_words_can_not_be_read_replies_wait_and_all_else_goes_out(
    any_live: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, twilio: TwilioServer
) -> None:
    any_live.configuration = configuration()
    broken = tmp_path / "triage"
    broken.mkdir()
    (broken / "en.yaml").write_text("language: en\n", encoding="utf-8")
    any_live.register(treatment="needling")
    Text("3, I have a fever and pus").store(any_live)
    with monkeypatch.context() as patched:
        patched.setattr(houses, "WORDS", Lexicons(tmp_path))
        for _ in range(2):
            any_live.dispatch(CHECK)
    assert (replies(any_live), alerted(any_live), len(texts_to(twilio))) == ((), ["urgent"], 1)
    assert "en.yaml" in sentence(alerts(any_live)[0].reasons, UTC)
    any_live.dispatch(REPLIED)
    assert (alerted(any_live), answered(any_live)) == (["urgent", "urgent"], ["answer_urgent"])


def test_two_engines_handle_the_texts_of_a_number_in_the_order_in_which_they_came(
    any_live: House,
) -> None:
    asked(any_live)
    start = Barrier(2)

    def handle(engine: House) -> None:
        start.wait()
        engine.replies().handle()

    with open_store(any_live.settings) as other, ThreadPoolExecutor(2) as pool:
        engines = [any_live, any_live.on(other)]
        for n in range(1, 21):
            any_live.clock.move_to(after(REPLIED, hours=25 * n))
            Text("START").store(any_live)
            Text("STOP").store(any_live)
            list(pool.map(handle, engines))
            assert stopped(any_live)
