"""The second factor: each code once, clocks a little off, recovery codes, and nothing that goes around it."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa

from scheduler.clock import FixedClock
from scheduler.domain.access import Role, Scope
from scheduler.errors import ConflictError
from scheduler.services.account import Wrong as NotProven
from scheduler.services.identity import Identity
from scheduler.services.logins import OF_CODE, Over, Visit, Wait, Wrong
from scheduler.services.passwords import Passwords
from scheduler.services.second_factor import RECOVERY_CODES, picture
from scheduler.services.signing_in import HALF_LIFETIME, Started
from scheduler.services.users import Manager
from scheduler.store.database import Store
from scheduler.store.desk_tables import recovery_codes, users
from tests.services.test_logins import CountingHasher

NOW = datetime(2026, 3, 20, 12, 0, 0, tzinfo=UTC)
PASSWORD = "nettle copper window seven"
OPERATOR = Manager("operator:test", Scope(None))
CLIENT = "192.0.2.7"
STEP = timedelta(seconds=30)


class Anna:
    """A user who turned the second factor on, with her phone."""

    def __init__(self, store: Store) -> None:
        self.clock = FixedClock(NOW)
        self.desk = Identity(store, {"north": "North"}, self.clock, Passwords(CountingHasher()))
        self.id = self.desk.users.add("anna", "Anna", Role.STAFF, "north", OPERATOR, password=PASSWORD)
        self.token = self.half().token
        assert self.desk.accounts.begin_second_factor(self.id, PASSWORD, self.token) is None
        waiting = self.desk.accounts.waiting_address(self.id)
        assert waiting
        self.phone = pyotp.TOTP(waiting[0])
        self.address = waiting[1]
        done = self.desk.accounts.confirm_second_factor(self.id, self.code(), self.token)
        assert done
        self.token, self.codes = done[0].token, done[1]
        self.clock.move_by(STEP)

    def code(self, steps: int = 0) -> str:
        return self.phone.at(self.clock.now() + steps * STEP)

    def half(self) -> Started:
        done = self.desk.logins.by_password("anna", PASSWORD, Visit(CLIENT))
        assert isinstance(done, Started)
        return done

    def give(self, code: str, token: str | None = None) -> Started | Wait | Wrong | Over:
        return self.desk.logins.by_code(code, Visit(CLIENT, session=token or self.half().token))


@pytest.fixture
def anna(store: Store) -> Anna:
    return Anna(store)


def test_with_the_password_alone_nobody_gets_in(anna: Anna) -> None:
    started = anna.half()
    assert started.half
    assert anna.desk.gate.by_session(started.token) is None
    assert anna.desk.logins.awaits_code(started.token)


def test_a_code_makes_a_new_session_of_the_half_one(anna: Anna) -> None:
    half = anna.half().token
    done = anna.give(anna.code(), half)
    assert isinstance(done, Started)
    assert done.token != half
    assert anna.desk.gate.by_session(done.token)
    assert anna.desk.gate.by_session(half) is None
    assert isinstance(anna.give(anna.code(1), half), Over)


def test_each_code_counts_once_and_none_before_it_any_more(anna: Anna) -> None:
    code = anna.code()
    assert isinstance(anna.give(code), Started)
    assert isinstance(anna.give(code), Wrong)
    assert isinstance(anna.give(anna.code(-1)), Wrong)
    anna.clock.move_by(STEP)
    assert isinstance(anna.give(anna.code()), Started)


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_half_a_minute_off(anna: Anna, steps: int, counts: bool) -> None:
    anna.clock.move_by(5 * STEP)
    assert isinstance(anna.give(anna.code(steps)), Started) is counts


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "000000 ", "\0", "٣٣٣٣٣٣", "\ud800", "0" * 9999])
def test_what_is_no_code_lets_nobody_in(anna: Anna, code: str) -> None:
    assert isinstance(anna.give(code), Wrong)


def test_codes_can_not_be_guessed_through(anna: Anna) -> None:
    half = anna.half().token
    for _ in range(OF_CODE):
        assert isinstance(anna.give("000000", half), Wrong)
    assert isinstance(anna.give(anna.code(), half), Wait)
    assert isinstance(anna.give(anna.code()), Wait)  # nor with a new half session


def test_the_code_is_waited_for_ten_minutes(anna: Anna) -> None:
    half = anna.half().token
    anna.clock.move_by(HALF_LIFETIME)
    assert isinstance(anna.give(anna.code(), half), Over)


def test_a_recovery_code_lets_in_once_however_it_is_typed(anna: Anna) -> None:
    assert len(set(anna.codes)) == RECOVERY_CODES
    assert all(re.fullmatch(r"[2-9a-hj-km-np-z]{4}(-[2-9a-hj-km-np-z]{4}){2}", code) for code in anna.codes)
    first, second = anna.codes[:2]
    assert isinstance(anna.give(first), Started)
    assert isinstance(anna.give(first), Wrong)
    assert isinstance(anna.give(f" {second.upper().replace('-', ' ')} "), Started)
    assert anna.desk.accounts.look(anna.id, anna.token).codes_left == RECOVERY_CODES - 2


def test_neither_the_secret_nor_a_recovery_code_can_be_read_in_the_database(anna: Anna) -> None:
    with anna.desk.store.read() as tx:
        kept = tx.connection.execute(sa.select(users.c.totp_sealed)).scalar_one()
        hashes = tx.connection.execute(sa.select(recovery_codes.c.code_hash)).scalars().all()
    assert anna.phone.secret.encode() not in kept
    assert len(hashes) == RECOVERY_CODES
    assert anna.codes[0].replace("-", "").encode() not in b"".join(hashes)


def test_new_recovery_codes_take_the_place_of_the_old_and_need_a_code(anna: Anna) -> None:
    accounts = anna.desk.accounts
    assert isinstance(accounts.new_recovery_codes(anna.id, "000000"), NotProven)
    fresh = accounts.new_recovery_codes(anna.id, anna.code())
    assert not isinstance(fresh, NotProven)
    assert isinstance(anna.give(anna.codes[0]), Wrong)
    assert isinstance(anna.give(fresh[0]), Started)


def test_a_one_time_link_stands_for_the_password_and_not_for_the_code(anna: Anna) -> None:
    link = anna.desk.users.link(anna.id, OPERATOR)
    done = anna.desk.logins.by_link(link, Visit(CLIENT))
    assert done
    assert done[0].half
    assert anna.desk.gate.by_session(done[0].token) is None
    whole = anna.give(anna.code(), done[0].token)
    assert isinstance(whole, Started)
    assert anna.desk.accounts.look(anna.id, whole.token).chooses_freely


def test_turning_it_off_needs_a_code_and_gives_a_new_session(anna: Anna) -> None:
    accounts = anna.desk.accounts
    assert isinstance(accounts.drop_second_factor(anna.id, "000000", anna.token), NotProven)
    done = accounts.drop_second_factor(anna.id, anna.code(), anna.token)
    assert isinstance(done, Started)
    assert done.token != anna.token
    assert anna.desk.gate.by_session(anna.token) is None
    assert not anna.half().half


def test_turning_it_on_ends_the_sessions_without_it(store: Store) -> None:
    anna = Anna(store)
    anna.desk.accounts.drop_second_factor(anna.id, anna.code(), anna.token)
    elsewhere, here = anna.half().token, anna.half().token
    assert anna.desk.accounts.begin_second_factor(anna.id, PASSWORD, here) is None
    waiting = anna.desk.accounts.waiting_address(anna.id)
    assert waiting
    done = anna.desk.accounts.confirm_second_factor(anna.id, pyotp.TOTP(waiting[0]).at(anna.clock.now()), here)
    assert done
    assert anna.desk.gate.by_session(elsewhere) is None
    assert anna.desk.gate.by_session(here) is None
    assert anna.desk.gate.by_session(done[0].token)


def test_who_finds_an_open_screen_turns_nothing_on(anna: Anna) -> None:
    done = anna.desk.accounts.drop_second_factor(anna.id, anna.code(), anna.token)
    assert isinstance(done, Started)
    assert anna.desk.accounts.begin_second_factor(anna.id, "a guess of words here", done.token) is not None
    assert anna.desk.accounts.waiting_address(anna.id) is None


def test_a_secret_in_force_is_never_shown_nor_replaced(anna: Anna) -> None:
    assert anna.desk.accounts.waiting_address(anna.id) is None
    with pytest.raises(ConflictError, match="turn it off first"):
        anna.desk.accounts.begin_second_factor(anna.id, PASSWORD, anna.token)
    assert anna.desk.accounts.confirm_second_factor(anna.id, anna.code(), anna.token) is None


def test_an_operator_lets_somebody_in_again_who_lost_everything(anna: Anna) -> None:
    anna.desk.users.forget_second_factor(anna.id, OPERATOR)
    assert anna.desk.gate.by_session(anna.token) is None
    assert not anna.half().half
    with pytest.raises(ConflictError, match="no second factor"):
        anna.desk.users.forget_second_factor(anna.id, OPERATOR)


def test_the_picture_is_made_here_and_says_whose_it_is(anna: Anna) -> None:
    assert anna.address.startswith("otpauth://totp/Aftercare:anna?secret=")
    drawn = picture(anna.address).decode()
    assert drawn.startswith("<?xml")
    assert "<svg" in drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
