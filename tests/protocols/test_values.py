"""What the files say becomes the domain's values, with the defaults of what they leave out."""

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import EmailSender, OnCall, QuietHours, SmsSender
from scheduler.domain.protocol import (
    After,
    AfterReply,
    Before,
    Between,
    Channel,
    IfLate,
    Purpose,
    Remind,
    Step,
    Timing,
    Weekday,
)
from scheduler.domain.spans import Span, Unit
from scheduler.errors import ConfigError
from scheduler.protocols.configuration import Instance
from tests.protocols.folders import CLINIC, INSTANCE, PROTOCOL, clinic, config_in, lines, protocol, sound

SERVICE = "MG0123456789abcdef0123456789abcdef"


def step_of(tmp_path: Path, says: str) -> Step:
    step = protocol(config_in(tmp_path, add={PROTOCOL: f"  - {{id: extra, {says}}}\n"})).step("extra")
    assert step
    return step


def days(amount: int) -> Span:
    return Span(amount, Unit.DAYS)


@pytest.mark.parametrize(
    ("says", "timing"),
    [
        ("before: 7d, at: 10:00", Before(days(7), time(10))),
        ("before: 3h", Before(Span(3, Unit.HOURS))),
        ("after: 30m", After(Span(30, Unit.MINUTES))),
        ("after: 1mo, at: 09:30", After(Span(1, Unit.MONTHS), time(9, 30))),
        ("after: 0d, at: 18:00", After(days(0), time(18))),
        (
            "between: {from: 4w, to: 6w, prefer: 5w}, on: [wed, tue], at: 11:00",
            Between(
                Span(4, Unit.WEEKS),
                Span(6, Unit.WEEKS),
                Span(5, Unit.WEEKS),
                frozenset({Weekday.TUE, Weekday.WED}),
                time(11),
            ),
        ),
        (
            "after_reply: {to: redness_check, triage: [concern, question], wait: 2d}, at: 10:00",
            AfterReply("redness_check", frozenset({"concern", "question"}), days(2), time(10)),
        ),
    ],
)
def test_a_step_says_when(tmp_path: Path, says: str, timing: Timing) -> None:
    assert step_of(tmp_path, f"{says}, channels: [email]").timing == timing


def test_a_range_prefers_its_first_day_and_takes_every_weekday(tmp_path: Path) -> None:
    timing = step_of(tmp_path, "between: {from: 4w, to: 2mo}, at: 11:00, channels: [email]").timing
    assert isinstance(timing, Between)
    assert timing.prefer == timing.start
    assert timing.on == frozenset(Weekday)


@pytest.mark.parametrize(
    ("start", "end"), [("28d", "4w"), ("4w", "1mo"), ("1mo", "31d"), ("2mo", "62d"), ("59d", "2mo"), ("1mo", "1mo")]
)
def test_a_range_may_mix_units_where_it_always_has_a_day(tmp_path: Path, start: str, end: str) -> None:
    timing = step_of(tmp_path, f"between: {{from: {start}, to: {end}}}, at: 11:00, channels: [email]").timing
    assert isinstance(timing, Between)
    assert (str(timing.start), str(timing.end)) == (start, end)


@pytest.mark.parametrize(("start", "end"), [("29d", "1mo"), ("1mo", "30d"), ("60d", "2mo"), ("1y", "2y")])
def test_a_range_that_some_months_turn_round_is_refused(tmp_path: Path, start: str, end: str) -> None:
    says = f"  - {{id: extra, between: {{from: {start}, to: {end}}}, at: 11:00, channels: [email]}}\n"
    assert lines(config_in(tmp_path, add={PROTOCOL: says}))


def test_a_short_range_may_keep_to_weekdays_that_are_close_enough(tmp_path: Path) -> None:
    says = "between: {from: 7d, to: 9d}, on: [mon, wed, fri], at: 11:00, channels: [email]"
    timing = step_of(tmp_path, says).timing
    assert isinstance(timing, Between)
    assert timing.on == {Weekday.MON, Weekday.WED, Weekday.FRI}


def test_a_step_has_the_defaults_of_the_design(tmp_path: Path) -> None:
    assert step_of(tmp_path, "after: 2h, channels: [sms, email]") == Step(
        id="extra",
        timing=After(Span(2, Unit.HOURS)),
        channels=(Channel.SMS, Channel.EMAIL),
        first_of=False,
        template="extra",
        purpose=Purpose.CARE,
        useful_for=None,
        if_late=IfLate.COLLAPSE,
    )


@pytest.mark.parametrize(
    ("says", "remind"),
    [
        ("{after: 1d, at: 10:00}", Remind(Span(1, Unit.DAYS), time(10))),
        ("{after: 1d}", Remind(Span(1, Unit.DAYS))),
        ("{after: 4h}", Remind(Span(4, Unit.HOURS))),
    ],
)
def test_a_question_may_have_one_reminder(tmp_path: Path, says: str, remind: Remind) -> None:
    assert step_of(tmp_path, f"after: 2d, ask: redness, channels: [sms], remind: {says}").remind == remind


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ("remind: {after: 1d}", "remind: goes only with ask"),
        ("ask: redness, remind: {after: 0d}", "remind.after: is no time after the question: 0d"),
        ("ask: redness, remind: {after: 4h, at: 10:00}", "remind.at: can't stand beside after: 4h"),
        ("ask: redness, remind: {at: 10:00}", "remind.after: is missing"),
        ("ask: redness, remind: 1d", "remind: must be a block"),
    ],
)
def test_a_reminder_comes_after_a_question(tmp_path: Path, says: str, fault: str) -> None:
    (line,) = lines(config_in(tmp_path, add={PROTOCOL: f"  - {{id: extra, after: 2d, channels: [sms], {says}}}\n"}))
    assert f"error: steps.extra.{fault}" in line


def test_channels_are_all_or_the_first_of_a_list(tmp_path: Path) -> None:
    step = step_of(tmp_path, "after: 2h, channels: {first_of: [email, sms]}")
    assert (step.first_of, step.channels) == (True, (Channel.EMAIL, Channel.SMS))


@pytest.mark.parametrize(
    ("says", "defers"),
    [
        ("", False),
        (", purpose: recall", True),
        (", closures: defer", True),
        (", purpose: recall, closures: send", False),
    ],
)
def test_only_recall_and_marketing_wait_for_open_days_unless_the_step_says_so(
    tmp_path: Path, says: str, defers: bool
) -> None:
    assert step_of(tmp_path, f"after: 2h, channels: [email]{says}").defer_on_closures is defers


def test_a_visit_lasts_an_hour_where_nobody_says_otherwise(tmp_path: Path) -> None:
    assert protocol(config_in(tmp_path)).duration.elapsed == timedelta(hours=1)


@pytest.mark.parametrize(
    ("says", "sender"),
    [
        (f"{{messaging_service: {SERVICE}}}", SmsSender(messaging_service=SERVICE)),
        ("{from: +1 416 555 0101}", SmsSender(number="+14165550101")),
        ("{from: 12345}", SmsSender(number="12345")),
        ("{from: '+14165550101', rate: 3}", SmsSender(number="+14165550101", rate=3)),
        (f"{{messaging_service: {SERVICE}, rate: 80}}", SmsSender(messaging_service=SERVICE, rate=80)),
    ],
)
def test_sms_come_from_a_service_or_a_number(tmp_path: Path, says: str, sender: SmsSender) -> None:
    config = config_in(tmp_path, swap={CLINIC: ('{from: "+14165550101"}', says)})
    assert clinic(config).sms == sender


def test_sms_may_come_from_a_name_where_nothing_is_asked_by_sms(tmp_path: Path) -> None:
    config = config_in(
        tmp_path,
        swap={CLINIC: ('from: "+14165550101"', "from: Rose 2"), PROTOCOL: ("channels: [sms]", "channels: [email]")},
    )
    assert clinic(config).sms == SmsSender(name="Rose 2")


@pytest.mark.parametrize(
    ("says", "sender"),
    [
        ("Rose Care <a@rose.example>", EmailSender("a@rose.example", "Rose Care")),
        ('"\\"Rose, Care\\" <a@rose.example>"', EmailSender("a@rose.example", "Rose, Care")),
        ("a@rose.example", EmailSender("a@rose.example", "Clinique Rose")),
        ("<a@rose.example>", EmailSender("a@rose.example", "Clinique Rose")),
    ],
)
def test_emails_come_from_an_address_under_a_name(tmp_path: Path, says: str, sender: EmailSender) -> None:
    config = config_in(tmp_path, swap={CLINIC: ('"Clinique Rose <care@rose.example>"', says)})
    assert clinic(config).email == sender


def test_a_line_break_never_gets_into_a_sender(tmp_path: Path) -> None:
    says = '"Rose\\nBcc: x@rose.example <care@rose.example>"'
    config = config_in(tmp_path, swap={CLINIC: ('"Clinique Rose <care@rose.example>"', says)})
    assert "has line breaks" in lines(config)[0]


def test_a_clinic_has_what_its_file_says(tmp_path: Path) -> None:
    says = (
        "quiet_hours: {from: 20:00, to: 08:00}\n"
        "undo_grace: 3m\n"
        "consent: {care: no, marketing: yes}\n"
        "import:\n"
        "  columns: {starts_at: Start, first_name: Prénom, email: E-mail, treatment: Service}\n"
        "  treatments: {Full face: microneedling}\n"
        "  statuses: {Annulé: cancelled}\n"
    )
    rose = clinic(config_in(tmp_path, add={CLINIC: says}))
    assert rose.quiet_hours == QuietHours(time(20), time(8))
    assert rose.undo_grace == timedelta(minutes=3)
    assert rose.consent_when_unknown == {Purpose.CARE: False, Purpose.RECALL: True, Purpose.MARKETING: True}
    assert rose.on_call == (OnCall("Desk", sms="+14165550111"),)
    assert rose.imports.columns["first_name"] == ("Prénom",)
    assert rose.imports.statuses == {"Annulé": AppointmentStatus.CANCELLED}
    assert rose.imports.dates is None
    assert rose.imports.timezone is None
    assert rose.imports.encoding == "auto"


def test_an_export_is_read_as_the_clinics_file_says(tmp_path: Path) -> None:
    says = (
        "import:\n"
        "  columns: {starts_at: [Date, Time], ends_at: [Date, End], name: A, phone: B, treatment: C}\n"
        "  dates: day_first\n"
        "  timezone: America/New_York\n"
        "  encoding: windows-1252\n"
    )
    imports = clinic(config_in(tmp_path, add={CLINIC: says})).imports
    assert imports.columns["starts_at"] == ("Date", "Time")
    assert (imports.dates, imports.timezone, imports.encoding) == (
        "day_first",
        ZoneInfo("America/New_York"),
        "windows-1252",
    )


def test_an_import_may_name_treatments_and_statuses_alone_for_what_tells_by_itself(tmp_path: Path) -> None:
    says = "import: {treatments: {Full face: microneedling}, statuses: {Annulé: cancelled}}\n"
    assert clinic(config_in(tmp_path, add={CLINIC: says})).imports.columns == {}


def test_without_a_word_about_consent_care_and_recall_are_allowed_and_marketing_is_not(tmp_path: Path) -> None:
    assert clinic(config_in(tmp_path)).consent_when_unknown == {
        Purpose.CARE: True,
        Purpose.RECALL: True,
        Purpose.MARKETING: False,
    }


@pytest.mark.parametrize("dates", ["%d/%m/%Y %H:%M", "%m/%d/%y %I:%M %p", "%d %B %Y %Hh%M", "%Y-%m-%dT%H:%M:%S%z"])
def test_a_date_format_that_reads_date_and_time_is_taken(tmp_path: Path, dates: str) -> None:
    says = f'import: {{columns: {{starts_at: A, name: B, phone: C, treatment: D}}, dates: "{dates}"}}\n'
    assert clinic(config_in(tmp_path, add={CLINIC: says})).imports.dates == dates


@pytest.mark.parametrize(
    "dates", ["%d/%m %H:%M", "%Y-%m-%d %I:%M", "%Y-%m-%d %H:%M %Q", "dd/mm/yyyy hh:mm", "%%Y-%m-%d %H:%M"]
)
def test_a_date_format_that_loses_something_is_refused(tmp_path: Path, dates: str) -> None:
    says = f'import: {{columns: {{starts_at: A, name: B, phone: C, treatment: D}}, dates: "{dates}"}}\n'
    said = lines(config_in(tmp_path, add={CLINIC: says}))
    assert len(said) == 1
    assert "import.dates: " in said[0]


def test_the_installation_has_what_its_file_says(tmp_path: Path) -> None:
    said = (
        "late_after: 1h\nlate_spacing: 0m\nsms_at_once: 100\nemails_at_once: 2\n"
        "messages_a_day: 3\nvolume_times: 2\nvolume_floor: 0\nbacklog_percent: 120\nbacklog_floor: 7\n"
    )
    config = config_in(tmp_path, add={INSTANCE: said})
    assert sound(config).instance == Instance(timedelta(hours=1), timedelta(0), 100, 2, 3, 2, 0, 120, 7)


def test_an_unknown_clinic_or_treatment_is_said_with_the_nearest(tmp_path: Path) -> None:
    configuration = sound(config_in(tmp_path))
    with pytest.raises(ConfigError, match=r"there is no clinic 'rosa' in the configuration: did you mean rose\?"):
        configuration.clinic("rosa")
    with pytest.raises(ConfigError, match=r"there is no treatment 'needling' .*: did you mean microneedling\?"):
        configuration.protocol_for("rose", "needling")
