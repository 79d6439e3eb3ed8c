"""Who decides over whom: managers of one clinic, of all of them, and what is on record of it. Keys likewise."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from scheduler.clock import FixedClock
from scheduler.domain.access import EVERY_CLINIC, PERMISSIONS_OF, Caller, CallerKind, Permission, Role, Scope
from scheduler.errors import ConflictError, ForbiddenError, NotFoundError, RegistrationError
from scheduler.services.auditing import read_audit
from scheduler.services.identity import Identity
from scheduler.services.passwords import PasswordRefusedError, Passwords
from scheduler.services.users import Manager, Profile, manager
from scheduler.store.audit import Wanted
from scheduler.store.database import Store
from scheduler.store.desk_tables import audit
from tests.services.test_logins import CLINICS, CountingHasher

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
OPERATOR = Manager("operator:test", Scope(None))
PASSWORD = "nettle copper window seven"
READ = frozenset({Permission.READ})


@pytest.fixture
def desk(store: Store) -> Identity:
    return Identity(store, dict(CLINICS), FixedClock(NOW), Passwords(CountingHasher()))


def add(desk: Identity, login: str, role: Role, clinic: str) -> int:
    return desk.users.add(login, login.title(), role, clinic, OPERATOR)


def caller(desk: Identity, login: str) -> Caller:
    """Return a user as the gate would."""
    user = desk.users.find(login)
    return Caller(CallerKind.USER, user.id, login, {it: PERMISSIONS_OF[role] for it, role in user.grants.items()})


def roles(desk: Identity, login: str) -> dict[str, Role]:
    return dict(desk.users.find(login).grants)


def test_who_manages_one_clinic_decides_over_roles_there_and_nowhere_else(desk: Identity) -> None:
    add(desk, "head", Role.ADMIN, "north")
    bob = add(desk, "bob", Role.STAFF, "south")
    head = manager(caller(desk, "head"))
    desk.users.add("new", "New", Role.STAFF, "north", head)
    desk.users.grant(bob, "north", Role.VIEWER, head)
    assert roles(desk, "bob") == {"north": Role.VIEWER, "south": Role.STAFF}
    for clinic in ("south", EVERY_CLINIC):
        with pytest.raises(ForbiddenError):
            desk.users.grant(bob, clinic, Role.ADMIN, head)
        with pytest.raises(ForbiddenError):
            desk.users.grant(bob, clinic, None, head)
        with pytest.raises(ForbiddenError):
            desk.users.add(f"x.{len(clinic)}", "X", Role.VIEWER, clinic, head)
    desk.users.grant(bob, "north", None, head)
    assert roles(desk, "bob") == {"south": Role.STAFF}


def test_who_manages_one_clinic_can_not_take_over_somebody_who_may_more(desk: Identity) -> None:
    add(desk, "head", Role.ADMIN, "north")
    head = manager(caller(desk, "head"))
    both = add(desk, "both", Role.VIEWER, "north")
    desk.users.grant(both, "south", Role.VIEWER, OPERATOR)
    boss, nobody = add(desk, "boss", Role.ADMIN, EVERY_CLINIC), add(desk, "nobody", Role.VIEWER, "north")
    desk.users.grant(nobody, "north", None, OPERATOR)
    for user in (both, boss, nobody):
        for decide in (
            lambda it: desk.users.link(it, head),
            lambda it: desk.users.set_password(it, PASSWORD, head),
            lambda it: desk.users.disable(it, head),
            lambda it: desk.users.forget_second_factor(it, head),
            lambda it: desk.users.rename(it, lambda _: Profile("Other", None), head),
        ):
            with pytest.raises(ForbiddenError):
                decide(user)
    own = add(desk, "own", Role.OPERATOR, "north")
    assert desk.users.link(own, head)
    desk.users.disable(own, head)


def test_whoever_manages_nothing_is_no_manager(desk: Identity) -> None:
    add(desk, "op", Role.OPERATOR, EVERY_CLINIC)
    with pytest.raises(ForbiddenError):
        manager(caller(desk, "op"))


def test_a_manager_sees_the_users_of_the_own_clinics_with_their_roles_there(desk: Identity) -> None:
    add(desk, "head", Role.ADMIN, "north")
    both = add(desk, "both", Role.STAFF, "north")
    desk.users.grant(both, "south", Role.ADMIN, OPERATOR)
    add(desk, "far", Role.STAFF, "south")
    add(desk, "boss", Role.ADMIN, EVERY_CLINIC)
    seen = {it.login: dict(it.grants) for it in desk.users.seen_by(manager(caller(desk, "head")))}
    assert seen == {
        "both": {"north": Role.STAFF},
        "boss": {EVERY_CLINIC: Role.ADMIN},
        "head": {"north": Role.ADMIN},
    }
    assert {it.login for it in desk.users.seen_by(OPERATOR)} == {"both", "boss", "far", "head"}


def test_somebody_who_manages_everything_always_remains(desk: Identity) -> None:
    boss = add(desk, "boss", Role.ADMIN, EVERY_CLINIC)
    add(desk, "head", Role.ADMIN, "north")
    with pytest.raises(ConflictError, match="make somebody else admin"):
        desk.users.disable(boss, OPERATOR)
    for role in (None, Role.OPERATOR):
        with pytest.raises(ConflictError, match="make somebody else admin"):
            desk.users.grant(boss, EVERY_CLINIC, role, OPERATOR)
    second = add(desk, "second", Role.ADMIN, EVERY_CLINIC)
    desk.users.disable(boss, OPERATOR)
    with pytest.raises(ConflictError, match="make somebody else admin"):
        desk.users.disable(second, OPERATOR)
    assert roles(desk, "boss") == {EVERY_CLINIC: Role.ADMIN}


@pytest.mark.parametrize("login", ["", "a", "Ann a", "anna\n", "a" * 101, "-anna", "ännä", "anna/../x", "<script>"])
def test_a_login_is_a_plain_word(desk: Identity, login: str) -> None:
    if login != "anna\n":
        with pytest.raises(RegistrationError):
            add(desk, login, Role.STAFF, "north")
    else:
        add(desk, login, Role.STAFF, "north")
        assert desk.users.find("ANNA ").login == "anna"


def test_a_refused_user_leaves_nothing_behind(desk: Identity) -> None:
    with pytest.raises(PasswordRefusedError, match="shorter than 12"):
        desk.users.add("anna", "Anna", Role.STAFF, "north", OPERATOR, password="short")
    with pytest.raises(PasswordRefusedError, match="name that everybody"):
        desk.users.add("anna", "Anna", Role.STAFF, "north", OPERATOR, password="northclinic-anna")
    with pytest.raises(NotFoundError, match="there are north, south"):
        desk.users.add("anna", "Anna", Role.STAFF, "nowhere", OPERATOR)
    with pytest.raises(NotFoundError):
        desk.users.find("anna")
    add(desk, "anna", Role.STAFF, "north")
    with pytest.raises(ConflictError, match="already"):
        add(desk, "anna", Role.STAFF, "north")


def test_a_key_opens_what_it_may_at_its_clinic_until_it_is_revoked(desk: Identity) -> None:
    made = desk.keys.create("Booking", "north", {Permission.READ, Permission.BOOK}, OPERATOR)
    assert made.bearer.startswith("ac_")
    found = desk.gate.by_key(made.bearer)
    assert found
    assert found.label == "key:Booking"
    assert found.may(Permission.BOOK, "north")
    assert not found.may(Permission.CARE, "north")
    assert not found.may(Permission.READ, "south")
    desk.keys.revoke(made.key.id, OPERATOR)
    assert desk.gate.by_key(made.bearer) is None
    with pytest.raises(ConflictError, match="revoked already"):
        desk.keys.revoke(made.key.id, OPERATOR)


def test_a_key_ends_when_it_was_said_to(desk: Identity) -> None:
    made = desk.keys.create("Short", EVERY_CLINIC, READ, OPERATOR, expires_at=NOW + timedelta(days=1))
    assert isinstance(desk.clock, FixedClock)
    desk.clock.move_by(timedelta(days=1) - timedelta(microseconds=1))
    assert desk.gate.by_key(made.bearer)
    desk.clock.move_by(timedelta(microseconds=1))
    assert desk.gate.by_key(made.bearer) is None


def test_only_the_hash_of_a_key_is_kept_and_no_other_word_is_the_key(desk: Identity) -> None:
    made = desk.keys.create("Booking", "north", READ, OPERATOR)
    secret = made.bearer.rpartition("_")[2] if made.bearer.count("_") == 2 else made.bearer.split("_", 2)[2]
    with desk.store.read() as tx:
        assert secret not in "".join(map(str, tx.connection.exec_driver_sql("SELECT * FROM api_keys")))
    assert secret not in repr(made)
    prefix, public, _ = made.bearer.split("_", 2)
    for wrong in (
        "",
        "ac_",
        public,
        made.bearer[:-1],
        made.bearer + "A",
        f"{prefix}_{public}_",
        f"{prefix}__{secret}",
    ):
        assert desk.gate.by_key(wrong) is None


def test_the_last_use_of_a_key_is_written_once_a_minute(desk: Identity) -> None:
    made = desk.keys.create("Booking", "north", READ, OPERATOR)
    assert isinstance(desk.clock, FixedClock)
    used = []
    for _ in range(5):
        desk.gate.by_key(made.bearer)
        used.append(desk.keys.seen_by(OPERATOR)[0].used_at)
        desk.clock.move_by(timedelta(seconds=25))
    assert used == [NOW, NOW, NOW, *[NOW + timedelta(seconds=75)] * 2]


def test_keys_are_for_a_clinic_that_one_manages(desk: Identity) -> None:
    add(desk, "head", Role.ADMIN, "north")
    head = manager(caller(desk, "head"))
    far = desk.keys.create("Far", "south", READ, OPERATOR)
    desk.keys.create("All", EVERY_CLINIC, READ, OPERATOR)
    own = desk.keys.create("Own", "north", READ, head)
    assert [it.name for it in desk.keys.seen_by(head)] == ["Own"]
    for clinic in ("south", EVERY_CLINIC):
        with pytest.raises(ForbiddenError):
            desk.keys.create("More", clinic, READ, head)
    with pytest.raises(NotFoundError):
        desk.keys.revoke(far.key.id, head)
    desk.keys.revoke(own.key.id, head)
    with pytest.raises(ConflictError, match="another name"):
        desk.keys.create("Own", "north", READ, OPERATOR)
    with pytest.raises(RegistrationError, match="add read"):
        desk.keys.create("Blind", "north", {Permission.BOOK}, OPERATOR)
    with pytest.raises(RegistrationError, match="lies ahead"):
        desk.keys.create("Past", "north", READ, OPERATOR, expires_at=NOW)


def test_every_decision_is_on_record_for_whoever_manages_its_clinic(desk: Identity) -> None:
    add(desk, "boss", Role.ADMIN, EVERY_CLINIC)
    add(desk, "head", Role.ADMIN, "north")
    bob = add(desk, "bob", Role.STAFF, "south")
    desk.users.grant(bob, "north", Role.VIEWER, OPERATOR)
    desk.keys.create("Far", "south", READ, OPERATOR)
    every = read_audit(desk.store, caller(desk, "boss")).entries
    assert {it.actor for it in every} == {"operator:test"}
    assert [it.action for it in every][:2] == ["key.created", "user.granted_viewer"]
    assert every[1].subject == f"user/{bob}"
    north = read_audit(desk.store, caller(desk, "head")).entries
    assert [(it.action, it.clinic) for it in north] == [
        ("user.granted_viewer", "north"),
        ("user.granted_admin", "north"),
    ]
    with pytest.raises(NotFoundError):
        read_audit(desk.store, caller(desk, "head"), Wanted(clinic="south"))
    with pytest.raises(ForbiddenError):
        read_audit(desk.store, caller(desk, "bob"))


def test_the_trail_is_read_page_by_page_and_by_what_is_looked_for(desk: Identity) -> None:
    add(desk, "boss", Role.ADMIN, EVERY_CLINIC)
    boss = caller(desk, "boss")
    for number in range(7):
        desk.gate.record(boss, "patient.seen", clinic="north", subject=f"patient/{number}", outcome="done")
        assert isinstance(desk.clock, FixedClock)
        desk.clock.move_by(timedelta(minutes=1))
    wanted, before, read = Wanted(action="patient.seen"), None, []
    while True:
        page = read_audit(desk.store, boss, wanted, before=before, limit=3)
        read += [it.subject for it in page.entries]
        before = page.next
        if before is None:
            break
    assert read == [f"patient/{number}" for number in reversed(range(7))]
    for looked_for, count in (
        (Wanted(subject="patient/3"), 1),
        (Wanted(actor="user:boss"), 7),
        (Wanted(actor="user:other"), 0),
        (Wanted(clinic="north", since=NOW + timedelta(minutes=2)), 5),
        (Wanted(clinic="north", until=NOW + timedelta(minutes=2)), 2),
    ):
        assert len(read_audit(desk.store, boss, looked_for).entries) == count


def test_a_line_of_the_trail_is_found_by_an_index(store: Store) -> None:
    with store.write() as tx:
        if tx.dialect == "postgresql":
            tx.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if tx.dialect == "sqlite" else "EXPLAIN"
        for column in (audit.c.clinic, audit.c.actor, audit.c.action, audit.c.subject):
            query = f"SELECT * FROM audit WHERE {column.name} = 'x' AND id < 9 ORDER BY id DESC LIMIT 5"
            assert f"ix_audit_{column.name}_id" in str(tx.connection.execute(sa.text(f"{explain} {query}")).all())
