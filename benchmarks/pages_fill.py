"""Fills a database as two clinics have it after a year: patients with names, visits, messages in every state.

Two visits are registered through the product; their rows are the pattern that SQL multiplies. Patients are made one
by one: each has a name and addresses of its own, by which the desk finds them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from benchmarks.installation import Installation
from benchmarks.seeding import connected
from scheduler.clock import SystemClock
from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import because, dump_reasons
from scheduler.domain.triage import Triage
from scheduler.protocols.loader import load
from scheduler.services.tallies import Tallies
from scheduler.store.alerts import raise_alert
from scheduler.store.database import Store, open_store
from scheduler.store.patients import Patient, add_patients, described
from scheduler.store.replies import NewReply, add_reply, mark_reply_handled

CLINICS = ("harbour", "lumiere")
TREATMENT = "microneedling"
FIRST = 1000
PAST, AHEAD = 300, 30
"""Days over which the visits are spread."""
REGULAR_VISITS = 60
"""So many has a patient who comes every week, one of each clinic; fewer where there are few visits at all."""
STATES = (
    (87, "delivered"), (92, "accepted"), (94, "undelivered"), (95, "failed"), (97, "expired"), (99, "suppressed"),
    (100, "cancelled"),
)  # fmt: skip
"""Of a hundred messages whose time is over, how many are at most in each state."""
TAKEN = "('delivered', 'accepted', 'undelivered', 'failed')"
_GIVEN = ("Zoë", "Anna", "Maya", "Lucía", "Inès", "Noor", "Chloé", "Hana", "Olga", "Sofía", "Amélie", "Rosa")
_FAMILY = ("Lachance", "O'Brien", "García", "Müller", "Nguyen", "Tremblay", "Kowalski", "Ivanova", "Haddad", "Silva")


@dataclass(frozen=True, slots=True)
class Filled:
    """What is in it: ids that pages can be asked for."""

    patients: int
    visits: int
    messages: int
    patient: int
    visit: int
    message: int
    reply: int
    alert: int
    regular: int
    """A patient who comes every week."""


def fill(installation: Installation, *, patients: int, messages: int) -> Filled:
    """Set the database up and fill it; the tallies are counted as the service counts them."""
    installation.run("db", "upgrade")
    patterns = [_pattern(installation, clinic) for clinic in CLINICS]
    with open_store(installation.settings) as store:
        _people(store, patients)
        visits = messages // len(patterns[0].messages)
        with connected(installation) as connection:
            for place, pattern in enumerate(patterns):
                _multiply(connection, pattern, place, visits, patients)
            _count_on(connection)
        reply, alert = _replies(store, visits)
    with connected(installation, autocommit=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("VACUUM ANALYZE"))
    with open_store(installation.settings) as store:
        Tallies().count_all(store, load(installation.settings.config_dir), now=SystemClock().now())
    seen = FIRST + int(visits * 0.9)
    seen += seen % 2
    each = len(patterns[0].messages)
    return Filled(patients, visits, visits * each, seen, seen, FIRST + (seen - FIRST) * each, reply, alert, FIRST)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The rows of one visit, as the product writes them; `starts` is Unix time."""

    clinic: str
    appointment: dict[str, Any]
    messages: Sequence[dict[str, Any]]
    consents: Sequence[dict[str, Any]]
    starts: float
    sealed: bytes
    address: bytes
    sender: bytes
    answer: bytes
    because: bytes


def _pattern(installation: Installation, clinic: str) -> Pattern:
    visit = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)
    told = installation.json(
        *("register", "--clinic", clinic, "--treatment", TREATMENT, "--name", "Pattern", "--language", "en"),
        *("--phone", "+15145550100", "--email", "pattern@patients.example", "--at", visit.isoformat()),
    )
    number = told["appointment"]
    with open_store(installation.settings) as store:
        sealed = store.vault.seal("Hello, this is what was sent.", of="attempts.body")
        address = store.vault.seal("+15145550100", of="attempts.address")
        answer = [
            store.vault.seal(text, of=f"replies.{of}")
            for text, of in (("+15145550100", "sender"), ("All is well, thank you.", "body"), ('["well"]', "because"))
        ]
    with connected(installation) as connection:
        return Pattern(
            clinic,
            _rows(connection, "appointments", f"id = {number}")[0],
            _rows(connection, "messages", f"appointment_id = {number}"),
            _rows(connection, "consents", f"patient_id = (SELECT patient_id FROM appointments WHERE id = {number})"),
            visit.timestamp(),
            sealed,
            address,
            *answer,
        )


def _rows(connection: sa.Connection, table: str, where: str) -> list[dict[str, Any]]:
    found = connection.execute(sa.text(f"SELECT * FROM {table} WHERE {where} ORDER BY id"))
    return [dict(row._mapping) for row in found]  # noqa: SLF001  (SQLAlchemy's public name for it)


def _people(store: Store, count: int) -> None:
    now = SystemClock().now()
    for start in range(FIRST, FIRST + count, 2000):
        batch = range(start, min(start + 2000, FIRST + count))
        with store.write() as tx:
            add_patients(tx, [described(tx.vault, _patient(number)) for number in batch], now=now)


def _patient(number: int) -> Patient:
    name = f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number // 7 % len(_FAMILY)]} {_word(number)}"
    phone, mail = f"+1514{number:07d}", f"patient{number}@patients.example"
    return Patient(number, CLINICS[number % 2], None, name, phone, mail, "en", None)


def _word(number: int) -> str:
    """Return a word that few others have."""
    letters = ""
    while number:
        number, digit = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[digit] + "aeiou"[digit % 5]
    return letters.capitalize()


def _multiply(connection: sa.Connection, pattern: Pattern, place: int, visits: int, patients: int) -> None:
    """Write every second visit: those of one clinic."""
    sqlite, now = connection.dialect.name == "sqlite", time.time()
    every = (PAST + AHEAD) * 86_400 / visits
    starts = f"({now - PAST * 86_400} + (n - {FIRST}) * {every})"
    numbers = _numbers(FIRST + place, FIRST + visits - 1, step=2, sqlite=sqlite)
    at = _instant_sql(sqlite)
    apart = max(1, visits // (2 * min(REGULAR_VISITS, visits // 50 + 1))) * 2
    owner = f"CASE WHEN (n - {FIRST}) % {apart} = {place} THEN {FIRST + place} "
    owner += f"ELSE {FIRST} + (n - {FIRST}) % {patients} END"
    booked = {"id": "n", "patient_id": owner, "external_id": "'B-' || n", "starts_at": at(starts), "ends_at": "NULL"}
    _insert(connection, "appointments", pattern.appointment, numbers, booked)
    each = len(pattern.messages)
    for turn, message in enumerate(pattern.messages):
        _message(connection, pattern, message, turn, (numbers, starts, owner, each, now))
    for turn, consent in enumerate(pattern.consents):
        people = _numbers(FIRST + place, FIRST + patients - 1, step=2, sqlite=sqlite)
        changed = {"id": f"{FIRST} + (n - {FIRST}) * {len(pattern.consents)} + {turn}", "patient_id": "n"}
        _insert(connection, "consents", consent, people, changed)
    _hand_overs(connection, pattern, sqlite=sqlite)
    _answers(connection, pattern, sqlite=sqlite)


def _answers(connection: sa.Connection, pattern: Pattern, *, sqlite: bool) -> None:
    """Write an answer to nearly every question that arrived, an hour later, with what was put on record of it."""
    source = (
        f"FROM messages WHERE clinic = '{pattern.clinic}' AND ask IS NOT NULL AND status = 'delivered' "
        "AND id % 20 <> 0"
    )
    later = "strftime('%Y-%m-%dT%H\\:%M\\:%f000Z', due_at, '+1 hour')" if sqlite else "due_at + interval '1 hour'"
    random = "randomblob(32)" if sqlite else "sha256(convert_to('s' || id, 'UTF8'))"
    connection.execute(
        sa.text(
            "INSERT INTO replies (unique_id, source, clinic, receiver, sender_sealed, sender_hash, body_sealed, "
            "received_at, patient_id, message_id, triage, because_sealed, stops, handled_at, handled_by) "
            f"SELECT 'answer/' || id, 'sms', clinic, '+15145550111', :sender, {random}, :body, {later}, patient_id, "
            f"id, 'fine', :because, {'0' if sqlite else 'false'}, {later}, 'user\\:bench' {source}"
        ),
        {"sender": pattern.sender, "body": pattern.answer, "because": pattern.because},
    )
    connection.execute(
        sa.text(
            'INSERT INTO events (reply_id, at, cause, reasons, "by") '
            f"SELECT id, received_at, 'received', '[]', 'bench' FROM replies WHERE clinic = '{pattern.clinic}'"
        )
    )


def _message(
    connection: sa.Connection, pattern: Pattern, message: dict[str, Any], turn: int, given: tuple[Any, ...]
) -> None:
    numbers, starts, owner, each, now = given
    sqlite = connection.dialect.name == "sqlite"
    at, after = _instant_sql(sqlite), _seconds(message["due_at"]) - pattern.starts
    due = f"({starts} + {after})"
    chance = f"((n / 2 * 37 + {turn * 11}) % 100)"
    state = "CASE WHEN " + f"{due} > {now} THEN 'scheduled' "
    state += "".join(f"WHEN {chance} < {most} THEN '{name}' " for most, name in STATES) + "END"
    number = f"{FIRST} + (n - {FIRST}) * {each} + {turn}"
    late = f"CASE WHEN {chance} = 0 THEN 2700 ELSE 2 END"
    columns = {
        "id": number,
        "origin": f"'bench/' || n || '/{turn}'",
        "patient_id": owner,
        "appointment_id": "n",
        "status": state,
        "reasons": _reasons(message, due, chance, now),
        "attempt": f"CASE WHEN {due} > {now} OR {chance} >= 95 THEN NULL ELSE 'bench-' || ({number}) END",
        "segments": f"CASE WHEN {due} > {now} THEN NULL ELSE 1 + n % 2 END"
        if message["channel"] == "sms"
        else "NULL",
        **{name: at(due) for name in ("planned_at", "due_at", "try_at")},
        "useful_until": at(f"{due} + 86400"),
        "updated_at": at(f"CASE WHEN {due} > {now} THEN {now} - 86400 ELSE {due} + {late} END"),
    }
    _insert(connection, "messages", message, numbers, columns)


def _reasons(message: dict[str, Any], due: str, chance: str, now: float) -> str:
    """Return SQL for why a message stands where it does."""
    said = {
        92: [because("sent", at=datetime(2026, 1, 1, tzinfo=UTC))],
        94: [because("not_delivered", error="30003: the phone is off or out of reach")],
        95: [because("refused", error="21614: it is not a mobile number")],
        97: [because("not_useful", until_at=datetime(2026, 1, 1, tzinfo=UTC))],
        99: [because("next_appointment")],
    }
    cases = "".join(f"WHEN {chance} < {most} THEN '{dump_reasons(why)}' " for most, why in said.items())
    planned = message["reasons"].replace("'", "''")
    cancelled = dump_reasons([because("appointment_cancelled")])
    return f"CASE WHEN {due} > {now} THEN '{planned}' {cases}ELSE '{cancelled}' END"


def _hand_overs(connection: sa.Connection, pattern: Pattern, *, sqlite: bool) -> None:
    """Write the attempts, and of each message what happened last."""
    source = f"FROM messages WHERE clinic = '{pattern.clinic}' AND attempt LIKE 'bench-%'"
    random = "randomblob(32)" if sqlite else "sha256(convert_to('a' || id, 'UTF8'))"
    connection.execute(
        sa.text(
            "INSERT INTO attempts (token, message_id, owner, started_at, finished_at, outcome, provider_id, "
            f"address_sealed, address_hash, body_sealed, rehearsed) SELECT attempt, id, 'bench', updated_at, "
            f"updated_at, status, 'SM' || id, :address, {random}, :body, {'0' if sqlite else 'false'} {source}"
        ),
        {"body": pattern.sealed, "address": pattern.address},
    )
    connection.execute(
        sa.text(
            'INSERT INTO events (message_id, at, cause, from_status, to_status, reasons, "by") '
            f"SELECT id, updated_at, 'accept', 'sending', status, reasons, 'bench' {source}"
        )
    )


def _replies(store: Store, visits: int) -> tuple[int, int]:
    """Write replies, nearly all of them handled long ago, and alerts; return one of each that is open."""
    now, reply, alert = SystemClock().now(), 0, 0
    count = min(2000, visits // 2)
    with store.write() as tx:
        for number in range(count):
            at = now - timedelta(minutes=20 * number)
            who, is_open = FIRST + number, number < 100  # noqa: PLR2004  (so many are open)
            triage = list(Triage)[number % 4]
            new = NewReply(
                f"bench/{number}", "sms", CLINICS[who % 2], "+15145550111", f"+1514{who:07d}", "It is red and warm.",
                0, at, who, None, triage, ("red",), stops=False,
            )  # fmt: skip
            added = add_reply(tx, new, now=at, by="bench")
            assert added is not None
            if not is_open:
                mark_reply_handled(tx, added, now=at, by="user:bench")
            else:
                reply = added
                kind = AlertKind.URGENT if number % 5 == 0 else AlertKind.REPLY
                why = (because("reply_concern"),)
                raised = raise_alert(
                    tx, kind, f"reply/{reply}", reasons=why, now=at, clinic=CLINICS[who % 2], reply_id=reply
                )
                alert = raised.id if raised else alert
    return reply, alert


def _numbers(first: int, last: int, *, step: int, sqlite: bool) -> tuple[str, str]:
    """Return what comes before a statement, and the table of the numbers."""
    if sqlite:
        counted = f"SELECT {first} UNION ALL SELECT n + {step} FROM numbers WHERE n + {step} <= {last}"
        return f"WITH RECURSIVE numbers(n) AS ({counted}) ", "numbers"
    return "", f"generate_series({first}::bigint, {last}::bigint, {step}) AS numbers(n)"


def _insert(
    connection: sa.Connection, table: str, row: dict[str, Any], numbers: tuple[str, str], changed: dict[str, str]
) -> None:
    """Write rows like `row`; `changed` holds SQL for some columns, where n is a number."""
    kept = {name: value for name, value in row.items() if name not in changed and value is not None}
    columns = ", ".join(f'"{name}"' for name in (*kept, *changed))
    values = ", ".join([*(f":{name}" for name in kept), *changed.values()])
    head, source = numbers
    typed = [
        sa.bindparam(name, type_=sa.TIMESTAMP(timezone=True)) for name, it in kept.items() if isinstance(it, datetime)
    ]
    statement = sa.text(
        f"{head}INSERT INTO {table} ({columns}) SELECT {values} FROM {source}".replace("::", "\\:\\:")
    )
    connection.execute(statement.bindparams(*typed), kept)


def _instant_sql(sqlite: bool) -> Any:
    """Return what makes SQL for an instant of SQL for seconds."""
    if sqlite:
        return lambda seconds: f"strftime('%Y-%m-%dT%H:%M:%f000Z', {seconds}, 'unixepoch')".replace(":", "\\:")
    return lambda seconds: f"to_timestamp({seconds})"


def _seconds(instant: str | datetime) -> float:
    return (datetime.fromisoformat(instant) if isinstance(instant, str) else instant).timestamp()


def _count_on(connection: sa.Connection) -> None:
    """Let the database's own numbers begin after ours."""
    if connection.dialect.name == "postgresql":
        for table in ("patients", "appointments", "messages", "consents", "replies"):
            last = f"(SELECT max(id) FROM {table})"
            connection.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))
