"""The versions of protocols are kept once, and come back as they were."""

import sqlalchemy as sa

from scheduler.domain.protocol import After, Channel, Protocol, Step
from scheduler.domain.spans import Span, Unit
from scheduler.protocols.building import build_protocol
from scheduler.protocols.protocol_file import ProtocolFile
from scheduler.store.database import Store
from scheduler.store.plan_tables import versions
from scheduler.store.versions import kept_versions, remember, versions_of
from tests.store.samples import NOW


def a_protocol(treatment: str = "peel") -> Protocol:
    steps = [{"id": "sun", "after": "2h", "channels": ["sms"]}]
    return build_protocol(ProtocolFile.model_validate({"protocol": treatment, "title": {"en": "P"}, "steps": steps}))


def test_a_version_that_is_kept_comes_back_by_its_digest(store: Store) -> None:
    protocol = a_protocol()
    with store.write() as tx:
        remember(tx, [protocol], now=NOW)
    with store.read() as tx:
        assert versions_of(tx, [protocol.digest, "f" * 64]) == {protocol.digest: protocol}
    (step,) = protocol.steps
    assert step == Step("sun", After(Span(2, Unit.HOURS)), (Channel.SMS,), first_of=False, template="sun")


def test_keeping_a_version_again_changes_nothing(store: Store) -> None:
    first, second = a_protocol(), a_protocol("filler")
    with store.write() as tx:
        remember(tx, [first], now=NOW)
    with store.write() as tx:
        remember(tx, [first, second], now=NOW)
    with store.read() as tx:
        assert set(versions_of(tx, [first.digest, second.digest])) == {first.digest, second.digest}


def test_nothing_asked_for_is_nothing_found(store: Store) -> None:
    with store.read() as tx:
        assert versions_of(tx, []) == {}


def test_one_that_a_later_program_does_not_take_stops_no_other(store: Store) -> None:
    protocol = a_protocol()
    with store.write() as tx:
        remember(tx, [protocol], now=NOW)
        row = {"digest": "e" * 64, "treatment": "old", "content": '{"protocol":"old","steps":[]}', "first_at": NOW}
        tx.connection.execute(sa.insert(versions).values(row))
    with store.read() as tx:
        assert versions_of(tx, [protocol.digest, "e" * 64]) == {protocol.digest: protocol}
        assert kept_versions(tx) == (protocol,)
