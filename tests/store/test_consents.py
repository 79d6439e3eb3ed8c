import pytest
import sqlalchemy as sa

from scheduler.domain.consent import Entry, Verdict
from scheduler.domain.protocol import Channel, Purpose
from scheduler.errors import StoreError
from scheduler.store.consents import add_entries, is_stopped, ledgers_of, lift_stop, record_stop
from scheduler.store.database import Store, Tx
from scheduler.store.tables import consents
from tests.store.samples import NOW, a_patient

ALICE = "+14165550123"
GRANTED = Entry(Channel.SMS, Purpose.CARE, Verdict.GRANTED, NOW, "registration")
REVOKED = Entry(Channel.SMS, Purpose.CARE, Verdict.REVOKED, NOW, "reply")


def stop(tx: Tx, channel: Channel = Channel.SMS, address: str = ALICE, clinic: str = "lumiere") -> bool:
    return record_stop(tx, clinic, channel, address, source="reply", by="patient", now=NOW)


def test_the_ledger_keeps_every_line_in_order(store: Store) -> None:
    with store.write() as tx:
        zoe = a_patient(tx)
        add_entries(tx, [(zoe.id, GRANTED)], by="import")
        add_entries(tx, [(zoe.id, REVOKED)], by="patient", wording="Please stop texting me")
        add_entries(tx, [], by="import")
    with store.read() as tx:
        assert ledgers_of(tx, [zoe.id, 99]) == {zoe.id: (GRANTED, REVOKED)}
        sealed = tx.connection.scalars(sa.select(consents.c.wording_sealed).order_by(consents.c.id)).all()
        assert sealed[0] is None
        assert tx.vault.open(sealed[1] or b"", of="consents.wording") == "Please stop texting me"


def test_the_database_refuses_to_change_or_delete_a_line_of_the_ledger(store: Store) -> None:
    with store.write() as tx:
        add_entries(tx, [(a_patient(tx).id, GRANTED)], by="import")
    for statement in (sa.update(consents).values(verdict=Verdict.REVOKED), sa.delete(consents)):
        with pytest.raises(StoreError), store.write() as tx:
            tx.connection.execute(statement)


def test_a_stop_holds_until_it_is_lifted(store: Store) -> None:
    with store.write() as tx:
        assert not is_stopped(tx, "lumiere", Channel.SMS, ALICE)
        assert stop(tx)
        assert is_stopped(tx, "lumiere", Channel.SMS, ALICE)
        assert lift_stop(tx, "lumiere", Channel.SMS, ALICE, by="patient", now=NOW)
        assert not is_stopped(tx, "lumiere", Channel.SMS, ALICE)
        assert not lift_stop(tx, "lumiere", Channel.SMS, ALICE, by="patient", now=NOW)


def test_a_stop_is_recorded_once_and_again_after_it_was_lifted(store: Store) -> None:
    with store.write() as tx:
        assert [stop(tx), stop(tx)] == [True, False]
        lift_stop(tx, "lumiere", Channel.SMS, ALICE, by="patient", now=NOW)
        assert stop(tx)


def test_a_stop_is_for_one_address_one_channel_and_one_clinic(store: Store) -> None:
    with store.write() as tx:
        stop(tx)
        stop(tx, Channel.EMAIL, "Zoe@patients.example")

        assert not is_stopped(tx, "serena", Channel.SMS, ALICE)
        assert not is_stopped(tx, "lumiere", Channel.SMS, "+14165550199")
        assert is_stopped(tx, "lumiere", Channel.EMAIL, "zoe@PATIENTS.example")


def test_a_stop_needs_no_patient_and_survives_a_new_registration(store: Store) -> None:
    with store.write() as tx:
        stop(tx)
    with store.write() as tx:
        a_patient(tx)
        assert is_stopped(tx, "lumiere", Channel.SMS, ALICE)
