"""import: the report, the exit code, the dry run."""

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

from scheduler.cli.import_report import AsJson, AsLines
from scheduler.errors import RegistrationError
from scheduler.services.exports.importing import Import
from scheduler.services.exports.rows import RowReport
from scheduler.services.registration import Result
from tests.cli.command import SECRETS, Command

HEADER = "Booking,Chart,Start,End,Client,Mobile,E-mail,Language,Service,Status,Texts,Emails"
ZOE = "B-1,,2030-03-18 10:00,,Zoë Lachance,416-555-0123,zoe@patients.example,fr,Face peel,Confirmed,yes,yes"
BAD = "B-2,,2030-03-18 11:30,,Ann Roy,416-555-0124 x5,ann@,en,Botox [new],Confirmed,yes,"


def write(aftercare: Command, *lines: str) -> str:
    (aftercare.folder / "export.csv").write_text("\n".join(lines), encoding="utf-8")
    return "export.csv"


def test_the_report_is_as_the_contract_says(aftercare: Command) -> None:
    told = aftercare.json("import", write(aftercare, HEADER, ZOE), "--clinic", "north")
    assert told == {
        "rows": [{"row": 2, "result": "registered", "reason": "", "appointment": 1}],
        "totals": {"registered": 1, "unchanged": 0, "rescheduled": 0, "cancelled": 0, "refused": 0},
        "warnings": [],
        "unused": [],
    }
    again = aftercare.json("import", "export.csv", "--clinic", "north")
    assert again["rows"] == [{"row": 2, "result": "unchanged", "reason": "", "appointment": 1}]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_good_rows_of_a_mixed_file_are_registered_and_the_exit_code_is_one(
    aftercare: Command, form: tuple[str, ...]
) -> None:
    ended = aftercare.run("import", write(aftercare, HEADER, BAD, ZOE), "--clinic", "north", *form)
    assert (ended.code, ended.err) == (1, "")
    assert "Botox [new]" in ended.out
    assert aftercare.json("timeline", "1")["external_id"] == "B-1"


def test_nothing_that_stands_in_a_file_steers_the_terminal(aftercare: Command) -> None:
    hostile = ZOE.replace("Face peel", "Bo\x1b[31m\u202etox")
    ended = aftercare.run("import", write(aftercare, HEADER, hostile), "--clinic", "north")
    assert ended.code == 1
    assert "“Bo [31m tox”" in ended.out
    assert "\x1b" not in ended.out


def test_a_dry_run_registers_nothing(aftercare: Command) -> None:
    file = write(aftercare, HEADER, ZOE)
    told = aftercare.json("import", file, "--clinic", "north", "--dry-run")
    assert told["rows"] == [{"row": 2, "result": "registered", "reason": "", "appointment": None}]
    assert "Dry run, nothing was registered: 1 registered." in aftercare.done(
        "import", file, "--clinic", "north", "--dry-run"
    )
    assert aftercare.refused("timeline", "1") == "there is no appointment 1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "export.csv: the file is empty: export it again"),
        ("Name,Phone\nZoe,1\n", "export.csv:1: no column “Start” for starts_at in the header"),
        ("Start,Start\n1,2\n", "export.csv:1: the column “Start” stands there twice: rename one"),
    ],
)
def test_a_file_with_a_header_that_can_not_be_read_registers_nothing(
    aftercare: Command, content: str, said: str
) -> None:
    assert aftercare.refused("import", write(aftercare, content), "--clinic", "north").startswith(said)
    assert aftercare.refused("import", "gone.csv", "--clinic", "north").startswith("gone.csv: can't be read: No such")


def test_a_clinic_that_is_not_there_is_named(aftercare: Command) -> None:
    line = aftercare.refused("import", write(aftercare, HEADER, ZOE), "--clinic", "sooth")
    assert line == "there is no clinic 'sooth' in the configuration: did you mean south?"


def test_the_report_for_people_holds_no_patient_data(aftercare: Command) -> None:
    bad = ZOE.replace("0123", "0123 x9").replace("@patients.example", "@")
    printed = aftercare.run("import", write(aftercare, HEADER, bad), "--clinic", "north").out
    assert "refused" in printed
    assert not any(secret in printed for secret in SECRETS)


def test_an_option_that_is_missing_is_a_wrong_usage(aftercare: Command) -> None:
    assert "--clinic" in aftercare.refused("import", "export.csv", code=2)


def test_json_is_whole_also_when_an_error_ends_the_import_in_the_middle() -> None:
    def batches() -> Iterator[Sequence[RowReport]]:
        for row in (2, 3):
            yield [RowReport(row, Result.REGISTERED, "“é”", row), RowReport(row + 5, Result.REFUSED, "no", None)]
        raise RegistrationError("export.csv: was changed")

    def printed(form: type[AsJson] | type[AsLines]) -> str:
        out, counts, running = (
            io.StringIO(),
            Counter[Result](),
            Import(9, ("a warning",), ("Notes", "Room\x1b"), batches()),
        )
        with suppress(RegistrationError), form(out.write, counts, running, dry_run=False) as report:
            for reports in running.batches:
                counts.update(it.result for it in reports)
                report.add(reports)
        return out.getvalue()

    told = json.loads(printed(AsJson))
    assert [it["row"] for it in told["rows"]] == [2, 7, 3, 8]
    assert (told["totals"]["registered"], told["warnings"]) == (2, ["a warning"])
    assert (told["error"], told["unused"]) == ("export.csv: was changed", ["Notes", "Room\x1b"])
    assert printed(AsLines).endswith(
        "Columns that are not mapped, so not read: Notes, Room.\nUntil then: 2 registered, 2 refused.\n"
    )
