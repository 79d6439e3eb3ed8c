import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from scheduler.errors import ConflictError, NotFoundError
from scheduler.settings import Settings
from scheduler.store.database import Store, open_store
from scheduler.store.names import plain_email, plain_name
from scheduler.store.patients import Patient, described, get_patient, update_patient
from tests.store.samples import NOW, ZOE, Person, a_patient, find


def found(
    store: Store,
    *,
    ref: str | None = None,
    name: str = ZOE.name,
    phone: str | None = None,
    email: str | None = None,
    clinic: str = "lumiere",
) -> Patient | None:
    with store.read() as tx:
        return find(tx, Person(name, phone, email, ref), clinic=clinic)


def added(store: Store, person: Person = ZOE) -> Patient:
    with store.write() as tx:
        return a_patient(tx, person)


def test_a_patient_comes_back_as_stored(store: Store) -> None:
    zoe = added(store, replace(ZOE, ref="P-17"))
    with store.read() as tx:
        assert get_patient(tx, zoe.id) == zoe
    assert (zoe.name, zoe.phone, zoe.email, zoe.ref) == (ZOE.name, ZOE.phone, ZOE.email, "P-17")


def test_the_same_name_with_the_same_phone_or_email_is_the_same_person(store: Store) -> None:
    zoe = added(store)

    assert found(store, phone=ZOE.phone) == zoe
    assert found(store, email=ZOE.email) == zoe
    assert found(store, phone=ZOE.phone, email="new@patients.example") == zoe


def test_a_phone_alone_is_never_enough(store: Store) -> None:
    added(store)

    assert found(store, name="Alice Lachance", phone=ZOE.phone) is None
    assert found(store) is None


def test_a_name_is_the_same_whatever_its_case_accents_and_spaces(store: Store) -> None:
    zoe = added(store)

    assert found(store, name="  zoe   LACHANCE ", phone=ZOE.phone) == zoe
    assert found(store, name="Zoë Lachance-Roy", phone=ZOE.phone) is None


def test_an_email_is_the_same_whatever_its_case(store: Store) -> None:
    zoe = added(store)

    assert found(store, email="ZOE.Lachance@Patients.Example") == zoe


def test_the_clinics_own_id_finds_a_patient_who_changed_name_and_addresses(store: Store) -> None:
    zoe = added(store, replace(ZOE, ref="P-17"))

    assert found(store, ref="P-17", name="Zoë Roy", phone="+14165550199") == zoe


def test_two_ids_are_two_people_even_with_one_name_and_phone(store: Store) -> None:
    added(store, replace(ZOE, ref="P-17"))

    assert found(store, ref="P-18", phone=ZOE.phone) is None


def test_an_id_that_is_new_finds_the_patient_who_has_none_yet(store: Store) -> None:
    zoe = added(store)

    assert found(store, ref="P-17", phone=ZOE.phone) == zoe
    with store.write() as tx:
        update_patient(tx, described(tx.vault, replace(zoe, ref="P-17")), now=NOW)
    assert found(store, ref="P-17", name="Zoë Roy") == replace(zoe, ref="P-17")


def test_a_patient_of_one_clinic_is_nobody_at_another(store: Store) -> None:
    added(store, replace(ZOE, ref="P-17"))

    assert found(store, clinic="serena", ref="P-17", phone=ZOE.phone) is None


def test_a_changed_address_finds_and_the_old_one_no_longer(store: Store) -> None:
    zoe = added(store)
    moved = replace(zoe, phone="+14165550199", language="en", timezone="America/Vancouver")
    with store.write() as tx:
        update_patient(tx, described(tx.vault, moved), now=NOW)

    assert found(store, phone="+14165550199") == moved
    assert found(store, phone=ZOE.phone) is None


def test_an_id_is_given_once_in_a_clinic(store: Store) -> None:
    added(store, replace(ZOE, ref="P-17"))
    with pytest.raises(ConflictError), store.write() as tx:
        a_patient(tx, Person("Alice", ref="P-17"))


def test_a_patient_who_is_not_there_is_named_by_number(store: Store) -> None:
    with store.read() as tx, pytest.raises(NotFoundError, match="there is no patient 99"):
        get_patient(tx, 99)


def test_a_patients_repr_tells_nothing(store: Store) -> None:
    shown = repr(added(store, replace(ZOE, ref="P-17")))

    assert not any(secret in shown for secret in (ZOE.name, "Zo", "555", "@", "P-17"))


def test_two_registrations_of_a_new_person_at_once_add_one_patient(settings: Settings) -> None:
    with open_store(settings) as first, open_store(settings) as second:
        gate = threading.Barrier(2)

        def register(store: Store) -> int:
            gate.wait()
            with store.write() as tx:
                return (find(tx, ZOE) or a_patient(tx)).id

        with ThreadPoolExecutor(2) as pool:
            one, two = pool.map(register, (first, second))
    assert one == two


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Zoë  O\u2019BRIEN", "zoe o brien"),
        ("GROß, Jürgen", "gross jurgen"),
        ("\uff3a\uff4f\uff45", "zoe"),
        ("ελένη Παπαδοπούλου", "ελενη παπαδοπουλου"),
        ("देवी", "देवी"),
        ("  ", ""),
        ("???", "???"),
    ],
)
def test_a_plain_name_has_no_case_accents_or_punctuation(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_plain_email_has_no_case() -> None:
    assert plain_email(" Zoé@Example.COM ") == "zoé@example.com"
