from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import KeysError
from scheduler.store.keys import Keys
from scheduler.store.vault import Vault

OLD, NEW = b"O" * 32, b"N" * 32
KEYS = Keys(b"S" * 32, (NEW, OLD), b"L" * 32, {"encryption": "AFTERCARE_ENCRYPTION_KEY"})
VAULT = Vault(KEYS)
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_what_is_sealed_opens_again(text: str) -> None:
    assert VAULT.open(VAULT.seal(text, of="patients.name"), of="patients.name") == text


def test_equal_texts_are_sealed_differently_and_never_shown() -> None:
    one, two = (VAULT.seal("Zoë", of="patients.name") for _ in range(2))

    assert one != two
    assert "Zoë".encode() not in one


def test_the_first_key_seals_and_all_open() -> None:
    old = Vault(replace(KEYS, encryption=(OLD,))).seal("Zoë", of="patients.name")

    assert VAULT.open(old, of="patients.name") == "Zoë"
    assert VAULT.seal("Zoë", of="patients.name").startswith(VAULT.prefix)
    assert not old.startswith(VAULT.prefix)


def test_a_key_that_is_not_in_the_list_is_named_by_its_id() -> None:
    only_old = Vault(replace(KEYS, encryption=(OLD,)))
    blob = VAULT.seal("Zoë", of="patients.name")

    with pytest.raises(
        KeysError, match=rf"patients\.name .*{VAULT.prefix[1:].hex()}.* AFTERCARE_ENCRYPTION_KEY: add it"
    ):
        only_old.open(blob, of="patients.name")


def test_a_name_does_not_open_as_a_phone() -> None:
    with pytest.raises(KeysError, match="was changed"):
        VAULT.open(VAULT.seal("Zoë", of="patients.name"), of="patients.phone")


@given(st.integers(min_value=5, max_value=35), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, by: int) -> None:
    blob = bytearray(VAULT.seal("Zoë", of="patients.name"))
    blob[place % len(blob)] ^= by
    with pytest.raises(KeysError):
        VAULT.open(bytes(blob), of="patients.name")


@pytest.mark.parametrize("blob", [b"", b"\x01", VAULT.prefix, VAULT.prefix + b"\0" * 12])
def test_what_is_too_short_is_refused_in_words(blob: bytes) -> None:
    with pytest.raises(KeysError):
        VAULT.open(blob, of="patients.name")


def test_hashes_are_equal_for_equal_values_of_one_thing_only() -> None:
    assert VAULT.lookup("zoe", of="name") == VAULT.lookup("zoe", of="name")
    assert VAULT.lookup("zoe", of="name") != VAULT.lookup("zoe", of="ref")
    assert VAULT.lookup("x", of="name") != VAULT.lookup("ex", of="nam")


def test_hashes_survive_a_change_of_encryption_keys_but_not_of_the_lookup_key() -> None:
    rotated = Vault(replace(KEYS, encryption=(OLD,)))
    other = Vault(replace(KEYS, lookup=b"M" * 32))

    assert rotated.lookup("zoe", of="name") == VAULT.lookup("zoe", of="name")
    assert other.lookup("zoe", of="name") != VAULT.lookup("zoe", of="name")


def test_what_may_be_missing_stays_missing() -> None:
    assert VAULT.seal_or_none(None, of="x") is None
    assert VAULT.open_or_none(None, of="x") is None
    assert VAULT.open_or_none(VAULT.seal_or_none("a", of="x"), of="x") == "a"
