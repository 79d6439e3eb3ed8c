"""Who may come in: on both databases, with the work that a guess costs, and several processes that count together."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from scheduler.clock import FixedClock
from scheduler.domain.access import EVERY_CLINIC, CallerKind, Permission, Role, Scope
from scheduler.services.gate import IDLE, LIFETIME, Gate
from scheduler.services.identity import Identity
from scheduler.services.known_browser import known_as, mark
from scheduler.services.logins import OF_CLIENT, OF_LOGIN, Over, Visit, Wait, Wrong
from scheduler.services.passwords import Passwords
from scheduler.services.signing_in import Started
from scheduler.services.users import Manager
from scheduler.settings import Settings
from scheduler.store.audit import Wanted, entries
from scheduler.store.database import Store, open_store
from scheduler.store.login_failures import wait_after
from scheduler.store.users import password_hash_of

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
PASSWORD = "nettle copper window seven"
OPERATOR = Manager("operator:test", Scope(None))
HERE = Visit("192.0.2.7", "Firefox, Linux")
CLINICS = {"north": "North Clinic", "south": "South Clinic"}


class CountingHasher(PasswordHasher):
    """Counts what it does, and does it fast."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002  (the names are argon2's)
        self.verified += 1
        return super().verify(hash, password)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def desk(store: Store, hasher: CountingHasher) -> Identity:
    """An installation with two clinics, and Anna of the staff of one."""
    made = Identity(store, dict(CLINICS), FixedClock(NOW), Passwords(hasher))
    made.users.add("anna", "Anna Berg", Role.STAFF, "north", OPERATOR, password=PASSWORD)
    return made


@pytest.fixture
def other(desk: Identity, settings: Settings, hasher: CountingHasher) -> Iterator[Identity]:
    """Another process of the same installation."""
    with open_store(settings) as opened:
        yield Identity(opened, dict(CLINICS), desk.clock, Passwords(hasher))


def sign_in(desk: Identity, login: str = "anna", password: str = PASSWORD, visit: Visit = HERE) -> Started:
    done = desk.logins.by_password(login, password, visit)
    assert isinstance(done, Started)
    return done


def clock(desk: Identity) -> FixedClock:
    assert isinstance(desk.clock, FixedClock)
    return desk.clock


def trail(desk: Identity) -> list[tuple[str, str, str]]:
    with desk.store.read() as tx:
        return [(it.actor, it.action, it.outcome) for it in reversed(entries(tx, Scope(None), Wanted()))]


def test_a_session_stands_for_its_user_with_the_permissions_of_now(desk: Identity) -> None:
    token = sign_in(desk).token
    caller = desk.gate.by_session(token)
    assert caller
    assert (caller.kind, caller.label) == (CallerKind.USER, "user:anna")
    assert caller.may(Permission.BOOK, "north")
    assert not caller.may(Permission.READ, "south")
    desk.users.grant(caller.id, "north", Role.VIEWER, OPERATOR)
    caller = desk.gate.by_session(token)
    assert caller
    assert not caller.may(Permission.BOOK, "north")


def test_only_the_hash_of_a_token_is_in_the_database(desk: Identity) -> None:
    token = sign_in(desk).token
    with desk.store.read() as tx:
        dump = "".join(str(row) for row in tx.connection.exec_driver_sql("SELECT * FROM sessions"))
    assert token not in dump
    assert len(token) == 43


def test_nothing_but_a_whole_token_opens_anything(desk: Identity) -> None:
    token = sign_in(desk).token
    for wrong in ("", token[:-1], token + "A", token.swapcase(), "A" * 43, "A" * 100_000, "é" * 43, "\0"):
        assert desk.gate.by_session(wrong) is None


def test_a_session_in_use_goes_on_to_its_absolute_end(desk: Identity) -> None:
    token = sign_in(desk).token
    while clock(desk).now() + timedelta(minutes=59) < NOW + LIFETIME:
        clock(desk).move_by(timedelta(minutes=59))
        assert desk.gate.by_session(token)
    clock(desk).move_to(NOW + LIFETIME - timedelta(microseconds=1))
    assert desk.gate.by_session(token)
    clock(desk).move_to(NOW + LIFETIME)
    assert desk.gate.by_session(token) is None


def test_a_session_that_nobody_uses_ends_after_an_hour(desk: Identity) -> None:
    token = sign_in(desk).token
    clock(desk).move_by(IDLE - timedelta(seconds=1))
    assert desk.gate.by_session(token, active=False)  # looking keeps nothing open
    clock(desk).move_by(timedelta(seconds=1))
    assert desk.gate.by_session(token) is None


def test_an_unknown_login_costs_the_same_work_as_a_known_one(desk: Identity, hasher: CountingHasher) -> None:
    desk.users.add("nopassword", "No Password", Role.STAFF, "north", OPERATOR)
    desk.users.add("gone", "Gone", Role.STAFF, "north", OPERATOR, password=PASSWORD)
    desk.users.disable(desk.users.find("gone").id, OPERATOR)
    for login in ("anna", "nobody", "nopassword", "gone", "'; --", "é", "\ud800", "\0", "x" * 9999):
        for password in ("wrong wrong wrong", "x" * 9999 + "\ud800"):
            before = hasher.verified
            assert isinstance(desk.logins.by_password(login, password, HERE), Wrong)
            assert hasher.verified == before + 1


def test_unknown_logins_have_to_wait_as_known_ones_do(desk: Identity, hasher: CountingHasher) -> None:
    for login in ("anna", "nobody"):
        for _ in range(OF_LOGIN):
            assert isinstance(desk.logins.by_password(login, "wrong wrong wrong", HERE), Wrong)
    before = hasher.verified
    waits = [desk.logins.by_password(login, PASSWORD, HERE) for login in ("anna", "nobody")]
    assert [it.seconds for it in waits if isinstance(it, Wait)] == [2, 2]
    assert hasher.verified == before  # who waits costs nothing


def test_failures_count_together_over_processes_and_restarts(desk: Identity, other: Identity) -> None:
    for turn in range(OF_LOGIN):
        process = desk if turn % 2 else other
        assert isinstance(process.logins.by_password("anna", "wrong wrong wrong", HERE), Wrong)
    for process in (desk, other):
        assert isinstance(process.logins.by_password("anna", PASSWORD, HERE), Wait)


def test_many_guesses_at_once_count_one_after_another(desk: Identity, other: Identity) -> None:
    done: list[object] = []

    def guess(process: Identity) -> None:
        done.append(process.logins.by_password("anna", "wrong wrong wrong", HERE))

    threads = [threading.Thread(target=guess, args=(process,)) for process in (desk, other) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(it, Wrong) for it in done) == OF_LOGIN
    assert sum(isinstance(it, Wait) for it in done) == 16 - OF_LOGIN


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_a_quiet_day_forgets_all(desk: Identity) -> None:
    waits = [wait_after(count, OF_LOGIN).total_seconds() for count in range(1, 20)]
    assert waits[:8] == [0, 0, 0, 0, 2, 4, 8, 16]
    assert max(waits) == waits[-1] == 900
    for number in range(40):
        desk.logins.by_password("anna", "wrong wrong wrong", Visit(f"203.0.113.{number}"))
        clock(desk).move_by(timedelta(minutes=15))
    assert isinstance(desk.logins.by_password("anna", "wrong wrong wrong", HERE), Wrong)
    assert isinstance(desk.logins.by_password("anna", PASSWORD, HERE), Wait)
    clock(desk).move_by(timedelta(minutes=15))
    sign_in(desk)  # never locked out for good
    assert isinstance(desk.logins.by_password("anna", "wrong wrong wrong", HERE), Wrong)
    sign_in(desk)  # and all is forgotten


def test_one_client_can_not_try_many_logins(desk: Identity) -> None:
    for number in range(OF_CLIENT):
        assert isinstance(desk.logins.by_password(f"user{number}", "wrong wrong wrong", HERE), Wrong)
    assert isinstance(desk.logins.by_password("anna", PASSWORD, HERE), Wait)
    sign_in(desk, visit=Visit("198.51.100.9"))


def test_right_logins_of_many_people_behind_one_address_count_for_nothing(desk: Identity) -> None:
    for _ in range(OF_CLIENT + 5):
        sign_in(desk)


def test_strangers_who_guess_hold_up_nobody_at_a_known_browser(desk: Identity) -> None:
    kept = desk.logins.mark("anna", "")
    for _ in range(OF_LOGIN):
        desk.logins.by_password("anna", "wrong wrong wrong", Visit("203.0.113.5"))
    assert isinstance(desk.logins.by_password("anna", PASSWORD, HERE), Wait)
    sign_in(desk, visit=Visit("203.0.113.5", known=kept))
    assert isinstance(desk.logins.by_password("anna", PASSWORD, Visit("203.0.113.5", known=f"{kept[:-2]}AA")), Wait)


def test_a_browser_that_is_known_may_guess_no_more_than_others(desk: Identity) -> None:
    visit = Visit("192.0.2.7", known=desk.logins.mark("anna", ""))
    for _ in range(OF_LOGIN):
        assert isinstance(desk.logins.by_password("anna", "wrong wrong wrong", visit), Wrong)
    assert isinstance(desk.logins.by_password("anna", PASSWORD, visit), Wait)


def test_a_browser_remembers_its_last_five_users(store: Store) -> None:
    kept = ""
    for login in ("ada", "bea", "cem", "dan", "eva", "flo", "flo"):
        kept = mark(store.vault, login, kept)
    assert kept.count("~") == 4
    known = [login for login in ("ada", "bea", "cem", "dan", "eva", "flo") if known_as(store.vault, login, kept)]
    assert known == ["bea", "cem", "dan", "eva", "flo"]
    assert known_as(store.vault, "bea", "é~" + "x" * 5000) is None


def test_a_hash_of_older_parameters_is_made_anew_at_the_next_login(desk: Identity, store: Store) -> None:
    newer = Identity(store, dict(CLINICS), desk.clock, Passwords(CountingHasher(time_cost=2)))
    with store.read() as tx:
        before = password_hash_of(tx, "anna")
    assert isinstance(newer.logins.by_password("anna", "wrong wrong wrong", HERE), Wrong)
    sign_in(newer)
    with store.read() as tx:
        after = password_hash_of(tx, "anna")
    assert "t=1" in str(before)
    assert "t=2" in str(after)
    sign_in(newer)


def test_the_trail_has_who_came_in_and_who_did_not_and_no_word_that_was_typed(desk: Identity) -> None:
    with capture_logs() as logs:
        desk.logins.by_password(PASSWORD, "anna", HERE)  # the password in the wrong field
        desk.logins.by_password("anna", "wrong wrong wrong", HERE)
        desk.logins.end(sign_in(desk).token)
    assert trail(desk)[-4:] == [
        ("nobody", "session.refused", "refused"),
        ("user:anna", "session.refused", "refused"),
        ("user:anna", "session.started", "done"),
        ("user:anna", "session.ended", "done"),
    ]
    assert "nettle" not in str(trail(desk)) + str(logs)
    with desk.store.read() as tx:
        assert "nettle" not in "".join(map(str, tx.connection.exec_driver_sql("SELECT * FROM login_failures")))


def test_a_new_password_ends_every_session_and_link(desk: Identity) -> None:
    anna = desk.users.find("anna").id
    token, link = sign_in(desk).token, desk.users.link(anna, OPERATOR)
    desk.users.set_password(anna, "other words entirely here", OPERATOR)
    assert desk.gate.by_session(token) is None
    assert desk.logins.by_link(link, HERE) is None
    assert isinstance(desk.logins.by_password("anna", PASSWORD, HERE), Wrong)


def test_two_who_use_one_link_at_once_are_one(desk: Identity, other: Identity) -> None:
    link = desk.users.link(desk.users.find("anna").id, OPERATOR)
    done: list[object] = []
    threads = [
        threading.Thread(target=lambda it=process: done.append(it.logins.by_link(link, HERE)))
        for process in (desk, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(it is not None for it in done) == 1


def test_a_second_gate_knows_the_sessions_of_the_first(desk: Identity, other: Identity) -> None:
    token = sign_in(desk).token
    assert Gate(other.store, other.clock).by_session(token)
    other.logins.end(token)
    assert desk.gate.by_session(token) is None


def test_a_half_session_opens_nothing_and_an_open_one_is_no_half(desk: Identity) -> None:
    token = sign_in(desk).token
    assert not desk.logins.awaits_code(token)
    assert isinstance(desk.logins.by_code("123456", Visit("192.0.2.7", session=token)), Over)
    assert isinstance(desk.logins.by_code("123456", Visit("192.0.2.7", session="A" * 43)), Over)
    assert EVERY_CLINIC == "*"
