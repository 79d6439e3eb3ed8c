"""What YAML guesses wrong elsewhere means here what a person meant."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from scheduler.domain.clinic import Closure
from tests.protocols.folders import CLINIC, INSTANCE, PROTOCOL, clinic, config_in, lines, protocol, sound


@pytest.mark.parametrize("written", ["10:00", '"10:00"', "'10:00'"])
def test_a_time_is_a_time_with_and_without_quotes(tmp_path: Path, written: str) -> None:
    config = config_in(tmp_path, swap={PROTOCOL: ('at: "10:00"', f"at: {written}")})
    step = protocol(config).step("redness_check")
    assert step
    assert step.timing.at == time(10)


@pytest.mark.parametrize("written", ["9:30", "09:30"])
def test_a_time_needs_no_leading_zero(tmp_path: Path, written: str) -> None:
    config = config_in(tmp_path, swap={PROTOCOL: ('at: "10:00"', f"at: {written}")})
    step = protocol(config).step("redness_check")
    assert step
    assert step.timing.at == time(9, 30)


def test_no_is_a_language_and_not_false(tmp_path: Path) -> None:
    config = config_in(tmp_path, swap={CLINIC: ("[fr, en]", "[no, en]"), PROTOCOL: ("fr: Micro", "no: Micro")})
    assert clinic(config).languages == ("no", "en")


@pytest.mark.parametrize("written", ["+14165550199", "+1 416 555 0199", "'+1 (416) 555-0199'"])
def test_a_phone_number_keeps_its_plus(tmp_path: Path, written: str) -> None:
    config = config_in(tmp_path, swap={CLINIC: ('"+14165550100"', written)})
    assert clinic(config).phone == "+14165550199"


def test_an_emergency_number_is_no_number(tmp_path: Path) -> None:
    config = config_in(tmp_path, swap={CLINIC: ('"911"', "911")})
    assert clinic(config).emergency_number == "911"


def test_a_date_is_a_date(tmp_path: Path) -> None:
    config = config_in(
        tmp_path, add={CLINIC: "closures: [2026-12-25, {from: 2026-12-31, to: 2027-01-02, why: NY}]\n"}
    )
    new_year = Closure(date(2026, 12, 31), date(2027, 1, 2))
    assert clinic(config).closures == (Closure(date(2026, 12, 25), date(2026, 12, 25)), new_year)


def test_on_is_a_key_and_not_true(tmp_path: Path) -> None:
    step = "  - {id: call, between: {from: 1w, to: 2w}, on: [mon], at: 11:00, channels: [email]}\n"
    assert protocol(config_in(tmp_path, add={PROTOCOL: step})).step("call")


@pytest.mark.parametrize(("written", "means"), [("true", True), ("yes", True), ("No", False), ("FALSE", False)])
def test_a_switch_takes_yes_and_no(tmp_path: Path, written: str, means: bool) -> None:
    config = config_in(tmp_path, add={CLINIC: f"sms_may_name_treatment: {written}\n"})
    assert clinic(config).sms_may_name_treatment is means


@pytest.mark.parametrize("written", ["0o20", "1_6", "16.0", "1e1", "-16", "٣"])
def test_a_number_is_written_in_digits(tmp_path: Path, written: str) -> None:
    assert "is not a whole number" in lines(config_in(tmp_path, add={INSTANCE: f"sms_at_once: {written}\n"}))[0]


def test_a_text_over_several_lines_may_be_folded_to_one(tmp_path: Path) -> None:
    config = config_in(tmp_path, swap={CLINIC: ("name: Clinique Rose\n", "name: >-\n  Clinique\n  Rose\n")})
    assert clinic(config).name == "Clinique Rose"


def test_a_block_of_text_is_text_too_and_its_last_line_break_is_none(tmp_path: Path) -> None:
    config = config_in(tmp_path, swap={CLINIC: ("name: Clinique Rose\n", "name: |\n  Clinique Rose\n")})
    assert clinic(config).name == "Clinique Rose"


@pytest.mark.parametrize("nothing", ["", " ~", " null", " # later"])
def test_nothing_is_never_taken_for_a_value(tmp_path: Path, nothing: str) -> None:
    config = config_in(tmp_path, swap={CLINIC: ("name: Clinique Rose\n", f"name:{nothing}\n")})
    assert lines(config) == ["clinics/rose.yaml:1:1: error: name: has no value (write one, or take the line out)"]


@pytest.mark.parametrize("channels", ["[~]", "[sms, ]", "{first_of: [null]}"])
def test_an_empty_item_of_a_list_is_said_or_is_none(tmp_path: Path, channels: str) -> None:
    said = lines(config_in(tmp_path, swap={PROTOCOL: ("channels: [sms]", f"channels: {channels}")}))
    assert all("has no value" in line for line in said)
    assert len(said) == (0 if channels == "[sms, ]" else 1)


def test_a_clinic_may_be_called_null_in_quotes(tmp_path: Path) -> None:
    assert clinic(config_in(tmp_path, swap={CLINIC: ("name: Clinique Rose", 'name: "null"')})).name == "null"


def test_a_byte_order_mark_and_windows_line_ends_are_harmless(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    file = config / CLINIC
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert clinic(config).name == "Clinique Rose"


def test_an_instance_file_of_comments_holds_the_defaults(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={INSTANCE: "# late_after: 1h\n"})
    assert sound(config).instance.late_after == timedelta(minutes=30)
