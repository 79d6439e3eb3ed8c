import base64
from pathlib import Path

import pytest

from scheduler.errors import KeysError
from scheduler.settings import Settings, read_settings
from scheduler.store.keys import load_keys
from tests.postgres import TEST_KEYS

NAMES = ("secret.key", "encryption.key", "lookup.key")


def settings_in(folder: Path, **environ: str) -> Settings:
    return read_settings({"AFTERCARE_DATA_DIR": str(folder), **environ})


def a_key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


def test_keys_are_made_for_a_new_database_and_only_this_user_reads_them(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "var")
    keys = load_keys(settings, database_is_new=True)

    assert [(tmp_path / "var" / name).stat().st_mode & 0o777 for name in NAMES] == [0o600] * 3
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert len({keys.secret, keys.lookup, *keys.encryption}) == 3
    assert sorted(path.name for path in (tmp_path / "var").iterdir()) == sorted(NAMES)


def test_keys_that_are_there_are_used_again_even_for_a_new_database(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    before = load_keys(settings, database_is_new=True)

    assert load_keys(settings, database_is_new=True) == before
    assert load_keys(settings, database_is_new=False) == before


def test_a_crash_after_the_first_key_leaves_nothing_to_mend(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first = load_keys(settings, database_is_new=True)
    (tmp_path / "lookup.key").unlink()
    again = load_keys(settings, database_is_new=True)

    assert again.encryption == first.encryption
    assert again.lookup != first.lookup


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_never_made_for_a_database_that_holds_data(tmp_path: Path, name: str) -> None:
    settings = settings_in(tmp_path)
    load_keys(settings, database_is_new=True)
    (tmp_path / name).unlink()

    with pytest.raises(KeysError, match=f"{name} is missing: restore it from a backup or set AFTERCARE_"):
        load_keys(settings, database_is_new=False)
    assert not (tmp_path / name).exists()


def test_a_key_in_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    load_keys(settings_in(tmp_path), database_is_new=True)
    keys = load_keys(settings_in(tmp_path, AFTERCARE_LOOKUP_KEY=a_key("L")), database_is_new=False)

    assert keys.lookup == b"L" * 32
    assert keys.sources["lookup"] == "AFTERCARE_LOOKUP_KEY"
    assert keys.sources["encryption"] == str(tmp_path / "encryption.key")


def test_with_all_keys_in_the_environment_no_file_is_made(tmp_path: Path) -> None:
    load_keys(settings_in(tmp_path, **TEST_KEYS), database_is_new=True)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("separator", [",", ", ", "\n"])
def test_the_encryption_key_may_be_a_list(tmp_path: Path, separator: str) -> None:
    given = settings_in(
        tmp_path, **{**TEST_KEYS, "AFTERCARE_ENCRYPTION_KEY": separator.join([a_key("N"), a_key("O")])}
    )

    assert load_keys(given, database_is_new=False).encryption == (b"N" * 32, b"O" * 32)


@pytest.mark.parametrize("setting", ["AFTERCARE_SECRET_KEY", "AFTERCARE_LOOKUP_KEY"])
def test_the_other_keys_may_not(tmp_path: Path, setting: str) -> None:
    given = settings_in(tmp_path, **{**TEST_KEYS, setting: f"{a_key('N')},{a_key('O')}"})

    with pytest.raises(KeysError, match=f"{setting} holds 2 keys"):
        load_keys(given, database_is_new=False)


@pytest.mark.parametrize("text", ["password", a_key("N")[:-8], a_key("N") + "AAAA", "é" * 44, "=", ","])
def test_what_is_no_key_is_refused_with_how_to_make_one_and_without_showing_it(tmp_path: Path, text: str) -> None:
    given = settings_in(tmp_path, **{**TEST_KEYS, "AFTERCARE_ENCRYPTION_KEY": text})

    with pytest.raises(KeysError, match=r"AFTERCARE_ENCRYPTION_KEY .*openssl rand -base64 32") as caught:
        load_keys(given, database_is_new=False)
    assert "\n" not in str(caught.value)
    assert len(text) == 1 or text not in str(caught.value)


def test_a_key_file_that_is_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    load_keys(settings_in(tmp_path), database_is_new=True)
    (tmp_path / "lookup.key").write_bytes(b"\xff\x00")

    with pytest.raises(KeysError, match=r"lookup\.key: not a text file"):
        load_keys(settings_in(tmp_path), database_is_new=False)


def test_url_safe_base64_is_a_key_too(tmp_path: Path) -> None:
    text = base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("=")
    given = settings_in(tmp_path, **{**TEST_KEYS, "AFTERCARE_LOOKUP_KEY": text})

    assert load_keys(given, database_is_new=False).lookup == b"\xff" * 32


def test_postgresql_needs_all_keys_given_and_names_those_that_are_not(tmp_path: Path) -> None:
    given = settings_in(tmp_path, AFTERCARE_DATABASE_URL="postgresql://localhost/x", AFTERCARE_SECRET_KEY=a_key("S"))
    with pytest.raises(KeysError, match="not set: AFTERCARE_ENCRYPTION_KEY, AFTERCARE_LOOKUP_KEY"):
        load_keys(given, database_is_new=True)
    assert list(tmp_path.iterdir()) == []


def test_the_keys_are_not_in_a_repr(tmp_path: Path) -> None:
    keys = load_keys(settings_in(tmp_path, **TEST_KEYS), database_is_new=False)

    assert not any(text in repr(keys) for text in ("of the tests", *TEST_KEYS.values()))
