from pathlib import Path

import pytest

from scheduler.errors import SettingsError
from scheduler.settings import read_settings


def test_shared_keys_are_read_by_their_ids() -> None:
    settings = read_settings({"TWILIO_SHARED_KEYS": " key_1=abc== , key_2=d,"})
    assert settings.twilio_shared_keys == {"key_1": "abc==", "key_2": "d"}
    assert "abc" not in repr(settings)


def test_shared_keys_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("key_1=abc\n", encoding="utf-8")
    assert read_settings({"TWILIO_SHARED_KEYS_FILE": str(tmp_path / "keys")}).twilio_shared_keys == {"key_1": "abc"}


def test_there_may_be_no_shared_keys() -> None:
    assert read_settings({}).twilio_shared_keys == {}


@pytest.mark.parametrize("value", ["abc", "key_1=", "=abc", "key_1=abc,rest"])
def test_shared_keys_of_another_form_are_refused_without_showing_them(value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"TWILIO_SHARED_KEYS": value})
    assert str(caught.value) == "TWILIO_SHARED_KEYS looks like id=secret,id=secret"
