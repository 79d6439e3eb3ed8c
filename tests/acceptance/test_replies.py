"""Patients answer the real service: in three languages, in under two seconds, and through kills at every point."""

import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest

from scheduler.clock import FixedClock
from scheduler.protocols.loader import load
from scheduler.services.callbacks import INBOUND_PATH
from scheduler.services.intake import Field, read_registration
from scheduler.services.registration import Registrar
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.acceptance.grounds import Ground, address_of, crowd, ground, postgres_ground
from tests.chaos.play import LEASE
from tests.chaos.points import Ambush
from tests.chaos.site import Process
from tests.servers.signing import encoded
from tests.services.reports import PUBLIC
from tests.services.texting import Text

__all__ = ["ground", "postgres_ground"]

CHECKED = datetime(2030, 3, 8, 15, 0, tzinfo=UTC)
"""When the checks are sent: ten in the morning in Toronto, four in the afternoon in Madrid."""
SERVICE = {"MessagingServiceSid": "MG0123456789abcdef0123456789abcdef"}
LUMIERE, SERENA = "+15145550100", "+34600000000"
DESK, RECEPCION = "+14165550111", "+34600000001"
SAID = {
    ("lumiere", "en"): {
        "answer_urgent": "3, I have a fever and pus",
        "answer_concern": "2",
        "answer_fine": "1",
        "answer_question": "What time do you open tomorrow?",
        "answer_unknown": "wooden zebra lamp",
        "answer_stopped": "please stop texting me",
    },
    ("lumiere", "fr"): {
        "answer_urgent": "3, j'ai de la fièvre et du pus",
        "answer_concern": "2",
        "answer_fine": "1, merci",
        "answer_question": "À quelle heure ouvrez-vous demain ?",
        "answer_unknown": "zèbre lampe en bois",
        "answer_stopped": "arrêtez de m'envoyer des messages",
    },
    ("serena", "es"): {
        "answer_urgent": "3, tengo fiebre y pus",
        "answer_concern": "2",
        "answer_fine": "1, gracias",
        "answer_question": "¿A qué hora abren mañana?",
        "answer_unknown": "cebra lámpara de madera",
        "answer_stopped": "por favor no me manden más mensajes",
    },
}
PATIENCE = 30.0


def number_of(clinic: str, n: int) -> str:
    return f"+1514555{2000 + n}" if clinic == "lumiere" else f"+3461000{2000 + n}"


def register(ground: Ground, patients: Sequence[tuple[str, str]]) -> list[str]:
    """Register a patient for each clinic and language; return their numbers."""
    configuration = load(ground.site.folder / "own" / "config")
    registrar = Registrar(configuration, FixedClock(ground.site.clock.now()), by="test")
    numbers = [number_of(clinic, n) for n, (clinic, _) in enumerate(patients)]
    with open_store(read_settings(ground.site.environ)) as store, store.write() as tx:
        for n, (clinic, language) in enumerate(patients):
            said = {
                Field.NAME: f"Patient {n} Sample",
                Field.PHONE: numbers[n],
                Field.LANGUAGE: language,
                Field.STARTS_AT: "2030-03-06T10:00:00",
            }
            treatment = "microneedling"
            registrar.register(tx, read_registration(said, configuration.clinic(clinic), treatment))
    return numbers


def texts(ground: Ground) -> Counter[str]:
    """Count the texts by number, staff's too."""
    return Counter(taken.to for taken in list(ground.twilio.taken))


def ask(ground: Ground, patients: Sequence[tuple[str, str]]) -> list[str]:
    """Register patients and send each of them the check; return their numbers."""
    ground.site.environ["AFTERCARE_PUBLIC_URL"] = PUBLIC
    numbers = register(ground, patients)
    ground.site.clock.move_to(CHECKED)
    with ground.site.launch("dispatch") as sending:
        assert sending.wait(60) == 0, ground.site.said(sending)
    assert all(texts(ground)[number] == 1 for number in numbers), ground.site.said(sending)
    return numbers


def text_of(clinic: str, number: str, body: str) -> Text:
    if clinic == "lumiere":
        return Text(body, sender=number, to=LUMIERE, more=SERVICE)
    return Text(body, sender=number, to=SERENA)


def tell(address: str, text: Text) -> int:
    """Call as Twilio does; return the status of the answer, 0 where there was none."""
    call = urllib.request.Request(f"{address}{INBOUND_PATH}", data=encoded(text.form), headers=text.headers())
    try:
        with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def seconds_until(so: Callable[[], bool]) -> float:
    """Wait until something is so; return how long that took."""
    begun = time.monotonic()
    while not so():
        assert time.monotonic() - begun < PATIENCE
        time.sleep(0.005)
    return time.monotonic() - begun


def says(ground: Ground, process: Process, words: str) -> bool:
    """Whether a process has printed that."""
    return words in ground.site.said(process)


def answered_and_told(ground: Ground, number: str, times: int) -> bool:
    """Whether that patient has an answer, and the desk so many texts."""
    return texts(ground)[number] == 2 and texts(ground)[DESK] >= times


@contextmanager
def serving(ground: Ground, *beside: str) -> Iterator[str]:
    """Run the service, and what works beside it; give its address."""
    with ExitStack() as running:
        for command in beside:
            process = ground.site.launch(command)
            running.callback(process.wait, 60)
            running.callback(process.terminate)
            seconds_until(partial(says, ground, process, "worker.started"))
        service = running.enter_context(ground.serving())
        seconds_until(lambda: "http://" in ground.site.said(service))
        seconds_until(lambda: ground.is_well(service))
        yield address_of(ground.site.said(service))


def test_each_class_is_answered_in_the_patients_language_and_what_sounds_bad_is_told_of(ground: Ground) -> None:
    cases = [(clinic, language, *said) for (clinic, language), texts in SAID.items() for said in texts.items()]
    numbers = ask(ground, [(clinic, language) for clinic, language, *_ in cases])
    with serving(ground) as address:
        for number, (clinic, _, _, body) in zip(numbers, cases, strict=True):
            assert tell(address, text_of(clinic, number, body)) == 200
        seconds_until(lambda: all(texts(ground)[number] == 2 for number in numbers))
        seconds_until(lambda: texts(ground)[DESK] >= 2 and texts(ground)[RECEPCION] >= 1)
    found = {it["from"]: it for it in ground.site.json("replies", "list")["replies"]}
    for number, (clinic, language, template, body) in zip(numbers, cases, strict=True):
        reply = found[number]
        assert (reply["body"], reply["clinic"]) == (body, clinic)
        assert (reply["answer"]["template"], reply["answer"]["status"]) == (template, "accepted"), (
            language,
            template,
        )
        assert reply["question"]["step"] == "redness_check"
        kinds = [alert["kind"] for alert in reply["alerts"]]
        expected = {"answer_urgent": ["urgent"], "answer_question": ["reply"], "answer_unknown": ["reply"]}
        assert kinds == expected.get(template, [])


def test_who_is_on_call_has_it_within_two_seconds(ground: Ground) -> None:
    told_in_time(ground)


@pytest.mark.parametrize("beside", [(), ("worker",)])
def test_who_is_on_call_has_it_within_two_seconds_on_postgresql(
    postgres_ground: Ground, beside: tuple[str, ...]
) -> None:
    told_in_time(postgres_ground, *beside)


def told_in_time(ground: Ground, *beside: str) -> None:
    numbers = ask(ground, [("lumiere", "en")] * 3)
    with serving(ground, *beside) as address:
        for n, number in enumerate(numbers, start=1):
            begun = time.monotonic()
            assert tell(address, text_of("lumiere", number, f"fever and pus {n}")) == 200
            seconds_until(partial(answered_and_told, ground, number, n))
            assert time.monotonic() - begun < 2.0 * crowd()


LONG = ("stored", "taking in", "taken in", "claimed", "unanswered", "answered", "recording")


@pytest.mark.parametrize("point", ["begun", *(pytest.param(it, marks=pytest.mark.long) for it in LONG)])
def test_killed_at_any_point_the_reply_is_there_the_answer_goes_out_once_and_the_alert_too(
    ground: Ground, point: str
) -> None:
    (number,) = ask(ground, [("lumiere", "en")])
    text = text_of("lumiere", number, "3, fever and pus")
    killed = ground.site.launch("serve", "--port", "0", at=Ambush(point, 1, signal.SIGKILL))
    seconds_until(lambda: "http://" in ground.site.said(killed))
    answered = tell(address_of(ground.site.said(killed)), text)
    assert killed.wait(PATIENCE) == -signal.SIGKILL
    ground.site.clock.move_by(LEASE)
    with serving(ground) as address:
        if not answered:
            assert tell(address, text) == 200
        assert ground.site.pass_time(
            lambda: texts(ground)[number] >= 2 and texts(ground)[DESK] >= 1 and not waiting(ground), within=60
        ), ground.site.messages()
        assert tell(address, text) == 200
    (reply,) = ground.site.json("replies", "list")["replies"]
    assert (reply["triage"], reply["answer"]["template"]) == ("urgent", "answer_urgent")
    assert [alert["kind"] for alert in reply["alerts"]] == ["urgent"]
    assert texts(ground)[number] == 2


def waiting(ground: Ground) -> bool:
    """Whether an answer has not come to its end."""
    return any(
        row.step == "answer_urgent" and row.status not in ("accepted", "delivered") for row in ground.site.messages()
    )
