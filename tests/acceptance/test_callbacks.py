"""Twilio reports on real messages to the real server: in all orders, doubled, forged, of nobody, in floods."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import permutations
from subprocess import Popen
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from scheduler.domain.states import PROOF, Status
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from scheduler.store.tables import attempts, events, messages, provider_events
from tests.acceptance.callers import PATH, PUBLIC, Call, tell
from tests.acceptance.conftest import Aftercare, keys
from tests.acceptance.crowd import register_crowd
from tests.servers.signing import SETTINGS, SIGNATURE, by_key, by_token, signature
from tests.servers.twilio import AUTH_TOKEN, TwilioServer

DUE = "2030-03-06T18:00:00+00:00"
"""One in the afternoon in Toronto, two hours after the visits end."""
SAID = {
    "queued": Status.ACCEPTED,
    "sent": Status.ACCEPTED,
    "failed": Status.FAILED,
    "undelivered": Status.UNDELIVERED,
    "delivered": Status.DELIVERED,
}
PATIENCE = 60

# A real process for all tests of this file.


def weightiest(calls: Sequence[Call]) -> Status:
    return max((Status.ACCEPTED, *(SAID[call.status] for call in calls)), key=PROOF.index)


class Clinic:
    """Patients who were each sent a text, and who says what of it: Twilio's names, by the attempt's."""

    def __init__(self, aftercare: Aftercare, twilio: TwilioServer, count: int) -> None:
        register_crowd(aftercare, count)
        assert aftercare.json("dispatch", "--now", DUE)["sent"] == count
        self.aftercare = aftercare
        self.sids = {taken.sid: token_of(taken.params["StatusCallback"]) for taken in twilio.taken}

    @contextmanager
    def serving(self) -> Iterator[tuple[str, Popen[str]]]:
        service = self.aftercare.start("serve", "--port", "0")
        assert service.stderr is not None
        address = service.stderr.readline().split()[2].rstrip(",")
        # A line for each report: somebody has to read them, or the service waits for its terminal.
        reader = threading.Thread(target=service.stderr.read)
        reader.start()
        try:
            yield address, service
        finally:
            service.terminate()
            service.wait(timeout=PATIENCE)
            reader.join()
            for stream in (service.stdout, service.stderr):
                assert stream is not None
                stream.close()

    def wait_until_handled(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.unhandled():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def unhandled(self) -> int:
        return self._count(provider_events.c.handled_at.is_(None))

    def stored(self) -> int:
        return self._count(sa.true())

    def _count(self, which: sa.ColumnElement[bool]) -> int:
        with open_store(read_settings(self.environ), create=False) as store, store.read() as tx:
            found = sa.select(sa.func.count()).select_from(provider_events).where(which)
            return tx.connection.scalar(found) or 0

    @property
    def environ(self) -> dict[str, str]:
        return {"AFTERCARE_DATA_DIR": str(self.aftercare.folder / "var"), **self.aftercare.environ}

    def standing(self) -> dict[str, Status]:
        """Where each message stands by Twilio's name for it, which no event led backwards to."""
        joined = sa.select(attempts.c.provider_id, messages.c.status, messages.c.id).join(messages)
        with open_store(read_settings(self.environ), create=False) as store, store.read() as tx:
            rows = tx.connection.execute(joined).all()
            paths = defaultdict(list)
            for number, to in tx.connection.execute(
                sa.select(events.c.message_id, events.c.to_status).order_by(events.c.id)
            ):
                if to in PROOF:
                    paths[number].append(PROOF.index(to))
        assert all(path == sorted(set(path)) for path in paths.values())
        return {row.provider_id: row.status for row in rows}


def token_of(callback: str) -> str:
    assert callback.startswith(f"{PUBLIC}{PATH}?attempt=")
    return parse_qs(urlsplit(callback).query)["attempt"][0]


@pytest.fixture
def live_here(aftercare: Aftercare, live: Mapping[str, str]) -> Aftercare:
    aftercare.environ |= {
        **live,
        "AFTERCARE_PUBLIC_URL": PUBLIC,
        "TWILIO_SHARED_KEYS": "webhooks_key_1=first-secret",
    }
    aftercare.approve()
    return aftercare


@pytest.fixture
def on_postgres(live_here: Aftercare, empty_postgres_url: str) -> Aftercare:
    live_here.environ |= {"AFTERCARE_DATABASE_URL": empty_postgres_url, **keys()}
    live_here.done("db", "upgrade")
    return live_here


def all_orders(clinic: Clinic) -> list[Call]:
    """Each order of four words for a message of its own, each word twice, with and without our name for it."""
    words = ("queued", "sent", "undelivered", "delivered")
    calls = []
    for n, (sid, order) in enumerate(zip(clinic.sids, permutations(words), strict=False)):
        for status in (*order, *order):
            code = "30003" if status == "undelivered" else ""
            calls.append(Call(sid, status, code, attempt=clinic.sids[sid] if n % 2 else ""))
    return calls


def a_flood(clinic: Clinic, dice: random.Random) -> list[Call]:
    """Several words on each message, doubled, shuffled, with strangers between them."""
    calls = []
    for sid, token in clinic.sids.items():
        for status in dice.sample(sorted(SAID), dice.randrange(1, 5)):
            code = "30003" if status in ("failed", "undelivered") else ""
            calls += [Call(sid, status, code, attempt=token)] * 2
    calls += [Call(f"SMnobody{n}", "delivered", attempt=f"nobody-{n}") for n in range(100)]
    dice.shuffle(calls)
    return calls


def judge(clinic: Clinic, told: Sequence[Call]) -> None:
    by_sid = defaultdict(list)
    for call in told:
        by_sid[call.sid].append(call)
    assert clinic.standing() == {sid: weightiest(by_sid[sid]) for sid in clinic.sids}


def test_in_all_orders_doubled_and_with_either_name_the_weightiest_word_stands(
    live_here: Aftercare, twilio: TwilioServer
) -> None:
    clinic = Clinic(live_here, twilio, 24)
    calls = all_orders(clinic)
    with clinic.serving() as (address, _):
        assert set(tell(address, calls)) == {204}
        clinic.wait_until_handled()
    assert clinic.stored() == len(calls) / 2
    judge(clinic, calls)


@pytest.mark.parametrize(
    "place", ["live_here", pytest.param("on_postgres", marks=[pytest.mark.postgres, pytest.mark.long])]
)
def test_a_flood_is_answered_stored_and_worked_on(
    request: pytest.FixtureRequest, twilio: TwilioServer, place: str
) -> None:
    clinic = Clinic(request.getfixturevalue(place), twilio, 300)
    calls = a_flood(clinic, random.Random(4))
    with clinic.serving() as (address, _):
        answers = Counter(tell(address, calls, at_once=200))
        clinic.wait_until_handled()
    assert answers == {204: len(calls)}
    judge(clinic, calls)


def test_what_was_answered_before_a_kill_is_stored_and_worked_on_by_the_next_pass(
    live_here: Aftercare, twilio: TwilioServer
) -> None:
    clinic = Clinic(live_here, twilio, 100)
    calls = a_flood(clinic, random.Random(5))
    with clinic.serving() as (address, service):
        answers = tell(address, calls, at_once=50, watch=lambda taken: service.kill() if taken == 150 else None)
        service.wait()
    taken = [call for call, answer in zip(calls, answers, strict=True) if answer == 204]
    assert 150 <= len(taken) < len(calls)
    assert clinic.stored() >= len(set(map(name, taken)))
    assert clinic.unhandled() > 0
    live_here.json("dispatch", "--now", DUE)
    assert clinic.unhandled() == 0
    standing = clinic.standing()
    for sid in clinic.sids:
        told = [call for call in taken if call.sid == sid]
        sent = [call for call in calls if call.sid == sid]
        assert PROOF.index(weightiest(told)) <= PROOF.index(standing[sid]) <= PROOF.index(weightiest(sent))


def name(call: Call) -> tuple[str, str, str]:
    return call.sid, call.status, call.code


def test_forged_oversized_and_unreadable_calls_leave_nothing_and_both_signatures_count(
    live_here: Aftercare, twilio: TwilioServer
) -> None:
    clinic = Clinic(live_here, twilio, 2)
    (one, token), (other, _) = clinic.sids.items()
    url = f"{PUBLIC}{PATH}"
    good = Call(one, "delivered", attempt=token)
    forged = [
        Call(one, "delivered", headers={}),
        Call(one, "delivered", headers=by_token(url, good.form, "guessed")),
        Call(one, "delivered", headers=by_token(url.replace("https", "http"), good.form, AUTH_TOKEN)),
        Call(one, "delivered", attempt=token, headers=by_token(url, good.form, AUTH_TOKEN)),
        Call(one, "delivered", headers=by_token(url, {**good.form, "MessageStatus": "sent"}, AUTH_TOKEN)),
        Call(one, "delivered", headers=by_key(url, good.form, "webhooks_key_1", AUTH_TOKEN)),
        Call(one, "delivered", headers=by_key(url, good.form, "webhooks_key_9", "first-secret")),
        Call(
            one,
            "delivered",
            headers={SIGNATURE: signature(url, good.form, "first-secret"), SETTINGS: "key=webhooks_key_1"},
        ),
    ]
    bodies = {b"a" * 70_000: 413, b"\xff\xfe=1": 400, b"MessageSid=%FF%FE&MessageStatus=sent": 400, b"nothing": 400}
    with clinic.serving() as (address, _):
        assert tell(address, forged) == [403] * len(forged)
        assert tell(address, [Call(one, "", headers=good.signed, body=it) for it in bodies]) == list(bodies.values())
        assert clinic.stored() == 0
        assert set(clinic.standing().values()) == {Status.ACCEPTED}
        by_shared = Call(other, "delivered")
        by_shared = Call(other, "delivered", headers=by_key(url, by_shared.form, "webhooks_key_1", "first-secret"))
        assert tell(address, [good, by_shared]) == [204, 204]
        clinic.wait_until_handled()
    assert set(clinic.standing().values()) == {Status.DELIVERED}


HOSTILE = [
    Call("SM\0", "delivered"),
    Call("S" * 300, "delivered"),
    Call("SM1", "delivered", attempt="\0"),
    Call("SM1", "delivered", attempt="a" * 5_000),
    Call("SM1", "undelivered", "9" * 5_000),
    Call("SM1", "undelivered", "'; DROP TABLE messages; --"),
    Call("SM1", "\N{PILE OF POO}"),
    Call("", ""),
    Call("SM1", "delivered", more={"MessageSid[]": "\ud7ff", "Nothing": "\0" * 100}),
]


@pytest.mark.parametrize("place", ["live_here", pytest.param("on_postgres", marks=pytest.mark.postgres)])
def test_nothing_that_is_signed_stops_what_comes_after_it(
    request: pytest.FixtureRequest, twilio: TwilioServer, place: str
) -> None:
    clinic = Clinic(request.getfixturevalue(place), twilio, 1)
    ((sid, token),) = clinic.sids.items()
    odd = [Call(sid, "undelivered", "9" * 300, attempt=token), Call("S" * 300, "undelivered", attempt=token)]
    with clinic.serving() as (address, _):
        assert set(tell(address, [*HOSTILE, *odd, Call(sid, "delivered", attempt=token)])) == {204}
        clinic.wait_until_handled()
    assert clinic.standing() == {sid: Status.DELIVERED}
