"""What a clinic does otherwise than the protocol: only for it, checked like the protocol, blamed on its file."""

from datetime import time
from pathlib import Path

import pytest

from scheduler.domain.protocol import After, Before, Channel, Protocol
from scheduler.domain.spans import Span, Unit
from tests.protocols.folders import CLINIC, PROTOCOL, config_in, lines, sound


def override(says: str) -> str:
    return f"overrides:\n  microneedling:\n    redness_check: {{{says}}}\n"


def changed(tmp_path: Path, says: str) -> Protocol:
    return sound(config_in(tmp_path, add={CLINIC: override(says)})).protocol_for("rose", "microneedling")


def test_an_override_changes_the_step_for_this_clinic_alone(tmp_path: Path) -> None:
    other = (config_in(tmp_path) / CLINIC).read_text(encoding="utf-8")
    config = config_in(tmp_path, add={CLINIC: override("at: 11:00"), "clinics/iris.yaml": other})
    rose, iris = (sound(config).protocol_for(name, "microneedling") for name in ("rose", "iris"))
    assert rose.steps[1].timing == After(Span(2, Unit.DAYS), time(11))
    assert iris.steps[1].timing == After(Span(2, Unit.DAYS), time(10))
    assert iris == sound(config).protocols["microneedling"]


def test_an_override_leaves_the_rest_of_the_step_and_the_other_steps(tmp_path: Path) -> None:
    before, after = sound(config_in(tmp_path)).protocols["microneedling"], changed(tmp_path, "channels: [email]")
    assert after.steps[0] == before.steps[0]
    assert after.steps[1].channels == (Channel.EMAIL,)
    assert (after.steps[1].timing, after.steps[1].ask) == (before.steps[1].timing, before.steps[1].ask)


def test_another_when_takes_the_place_of_the_protocols(tmp_path: Path) -> None:
    assert changed(tmp_path, "before: 1d").steps[1].timing == Before(Span(1, Unit.DAYS), time(10))


def test_a_weekday_goes_with_the_range_that_it_belonged_to(tmp_path: Path) -> None:
    step = "  - {id: call, between: {from: 1w, to: 2w}, on: [mon], at: 11:00, channels: [email]}\n"
    says = "overrides: {microneedling: {call: {after: 8d}}}\n"
    config = config_in(tmp_path, add={PROTOCOL: step, CLINIC: says})
    call = sound(config).protocol_for("rose", "microneedling").step("call")
    assert call
    assert call.timing == After(Span(8, Unit.DAYS), time(11))


def test_null_takes_a_key_away(tmp_path: Path) -> None:
    step = changed(tmp_path, "after: 3h, at: null").steps[1]
    assert step.timing == After(Span(3, Unit.HOURS))
    assert changed(tmp_path, "ask: ~").steps[1].ask is None


def test_an_empty_value_takes_nothing_away(tmp_path: Path) -> None:
    said = lines(config_in(tmp_path, add={CLINIC: override("at: , ask: redness")}))
    key = "overrides.microneedling.redness_check.at"
    assert said == [f"clinics/rose.yaml:12:21: error: {key}: has no value (write one, or take the line out)"]


def test_an_override_that_changes_nothing_has_the_same_digest_and_one_that_does_has_another(tmp_path: Path) -> None:
    plain = sound(config_in(tmp_path / "plain")).protocols["microneedling"].digest
    assert changed(tmp_path / "same", "after: 2d").digest == plain
    assert changed(tmp_path / "other", "after: 3d").digest != plain


def test_a_bad_override_blames_the_clinics_file_and_leaves_the_protocol_alone(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={CLINIC: override("after: 2x, unles: [next_appointment], channels: []")})
    assert [line.split(" (")[0] for line in lines(config)] == [
        "clinics/rose.yaml:12:28: error: overrides.microneedling.redness_check.after: is not a length of time: 2x",
        "clinics/rose.yaml:12:32: error: overrides.microneedling.redness_check.unles: there is no such key here",
        "clinics/rose.yaml:12:59: error: overrides.microneedling.redness_check.channels: is empty",
    ]


def test_an_override_that_silences_a_question_which_another_step_waits_for_is_the_clinics_fault(
    tmp_path: Path,
) -> None:
    step = "  - {id: again, after_reply: {to: redness_check, triage: [concern], wait: 1d}, channels: [sms]}\n"
    config = config_in(tmp_path, add={PROTOCOL: step, CLINIC: override("ask: null")})
    key, message = "overrides.microneedling.again.after_reply.to", "redness_check asks nothing"
    assert lines(config)[0].startswith(f"clinics/rose.yaml:11:3: error: {key}: {message}")
    assert len(lines(config)) == 1


@pytest.mark.parametrize(
    "says",
    [
        "overrides: {microneedling: [redness_check]}\n",
        "overrides: later\n",
        "overrides: {microneedling: {redness_check: 3d}}\n",
    ],
)
def test_overrides_of_the_wrong_shape_are_one_line(tmp_path: Path, says: str) -> None:
    said = lines(config_in(tmp_path, add={CLINIC: says}))
    assert len(said) == 1
    assert "must be a block of keys" in said[0]


def test_a_clinic_without_sms_may_send_everything_by_email(tmp_path: Path) -> None:
    says = "overrides: {microneedling: {sun_protection: {channels: [email]}, redness_check: {channels: [email]}}}\n"
    config = config_in(tmp_path, add={CLINIC: says}, swap={CLINIC: ('sms: {from: "+14165550101"}\n', "")})
    file = config / CLINIC
    file.write_text(file.read_text().replace('sms: "+14165550111"', "email: desk@rose.example"))
    assert sound(config).clinics["rose"].sms is None


def test_a_name_as_sender_is_fine_where_this_clinic_asks_by_email(tmp_path: Path) -> None:
    config = config_in(
        tmp_path, add={CLINIC: override("channels: [email]")}, swap={CLINIC: ('from: "+14165550101"', "from: Rose")}
    )
    assert sound(config).clinics["rose"].sms
