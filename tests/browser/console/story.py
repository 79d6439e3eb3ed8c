"""Sample patients whose story the pages show: visits past and to come, checks answered and not, one answer bad."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.states import Status
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.replies import SMS
from scheduler.store.tables import messages
from tests.services.house import House
from tests.services.replying import words

FIRST_DAY = datetime.fromisoformat("2026-03-10T15:00:00+00:00")
LUMIERE, SERENA = "lumiere", "serena"
PEOPLE = (
    ("Zoë Lachance", "fr", "+14165550123", "zoe@patients.example", "2026-03-18T10:00", LUMIERE, "microneedling"),
    ("Ana Sample", "en", "+14165550124", "ana@patients.example", "2026-03-18T11:30", LUMIERE, "microneedling"),
    ("Chloé Exemple", "fr", "+14165550125", "", "2026-03-18T14:00", LUMIERE, "microneedling"),
    ("Bob Example", "en", "", "bob@patients.example", "2026-03-19T09:00", LUMIERE, "microneedling"),
    ("Dana Specimen", "en", "+14165550126", "dana@patients.example", "2026-03-20T15:00", LUMIERE, "microneedling"),
    ("Eve Muster", "en", "+14165550127", "eve@patients.example", "2026-03-26T10:00", LUMIERE, "microneedling"),
    ("Inés Muestra", "es", "+34600000123", "ines@patients.example", "2026-03-18T17:00", SERENA, "microneedling"),
    ("Luis Ejemplo", "es", "+34600000124", "luis@patients.example", "2026-03-24T10:00", SERENA, "microneedling"),
)
ANSWERS = (
    ("+14165550123", "3\nJ'ai de la fièvre et ça fait plus mal qu'hier. Que dois-je faire?", "2026-03-20T14:40"),
    ("+14165550124", "2 still red on both cheeks", "2026-03-20T15:05"),
    ("+34600000123", "1 todo bien, gracias", "2026-03-20T15:30"),
    ("+14165550125", "Quand puis-je me maquiller?", "2026-03-20T15:50"),
)


def tell(house: House, now: datetime) -> int:
    """Register them, let all go out that was due until `now`, let some answer; return the first appointment."""
    house.clock.move_to(FIRST_DAY)
    ids = [_register(house, person) for person in PEOPLE]
    while (due := _next_due(house)) and due <= now:
        house.dispatch(due + timedelta(seconds=1))
    for number, (sender, text, at) in enumerate(ANSWERS):
        heard = datetime.fromisoformat(f"{at}+00:00")
        house.clock.move_to(heard)
        _answer(house, Incoming(f"SM{number:032}", SMS, sender, "", _service(sender), text, received_at=heard))
        house.dispatch(heard + timedelta(seconds=1))
    house.clock.move_to(now)
    return ids[0]


def _register(house: House, person: tuple[str, ...]) -> int:
    name, language, phone, email, at, clinic, treatment = person
    more = {"name": name, "language": language, "phone": phone, "email": email, "starts_at": at}
    return house.register(clinic=clinic, treatment=treatment, consent_marketing="yes", **more)


def _next_due(house: House) -> datetime | None:
    with house.store.read() as tx:
        waits = messages.c.status == Status.SCHEDULED
        found: datetime | None = tx.connection.scalar(sa.select(sa.func.min(messages.c.due_at)).where(waits))
    return found if found is None or found > house.clock.now() else house.clock.now() + timedelta(minutes=10)


def _service(sender: str) -> str:
    return "MG0123456789abcdef0123456789abcdef" if sender.startswith("+1") else ""


def _answer(house: House, said: Incoming) -> None:
    with house.store.write() as tx:
        ReplyDesk(house.configuration, words, by="test").take_in(tx, said, now=said.received_at)
