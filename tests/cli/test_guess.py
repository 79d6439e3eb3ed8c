"""import --guess: YAML for a clinic's file, without registering anything."""

from tests.cli.command import SECRETS, Command

HEADER = "Booking,Start,End,Client,Mobile,E-mail,Service,Status,Staff Email"
ZOE = "B-1,18/03/2030 10:00,18/03/2030 11:00,Zoë Lachance,416-555-0123,zoe@patients.example,Peel,Booked,s@x.example"
BOB = "B-2,04/03/2030 10:00,04/03/2030 11:00,Bob Roy,416-555-0124,,Bo\x1b[31mtox,On hold,s@x.example"


def test_a_mapping_is_proposed_as_yaml_and_as_json_and_nothing_is_registered(aftercare: Command) -> None:
    (aftercare.folder / "export.csv").write_text(f"{HEADER}\n{ZOE}\n{BOB}\n", encoding="utf-8")
    printed = aftercare.run("import", "export.csv", "--guess", "--clinic", "north")
    assert (printed.code, printed.err) == (0, "")
    assert "# Proposed from export.csv (2 rows) for config/clinics/north.yaml," in printed.out
    assert "    email: E-mail  " in printed.out
    assert "  dates: day_first  " in printed.out
    assert "    # On hold: ?  " in printed.out
    assert "\x1b" not in printed.out
    assert not any(secret in printed.out for secret in SECRETS)

    told = aftercare.json("import", "export.csv", "--guess")
    assert set(told) == {
        "clinic", "rows", "preset", "columns", "dates", "treatments", "statuses", "missing", "unused", "yaml",
    }  # fmt: skip
    assert (told["clinic"], told["rows"], told["preset"], told["missing"]) == (None, 2, None, [])
    assert told["unused"] == ["Staff Email"]
    assert told["columns"][0]["field"] == "external_id"
    assert told["dates"]["order"] == "day_first"
    assert told["statuses"][0]["word"] == "On hold"
    assert aftercare.json("import", "export.csv", "--guess", "--clinic", "north")["yaml"] == printed.out


def test_where_a_needed_column_is_not_found_the_exit_code_is_one_and_says_which(aftercare: Command) -> None:
    (aftercare.folder / "export.csv").write_text("Booking,Start,Client\nB-1,2030-03-18 10:00,Zoë\n", encoding="utf-8")
    ended = aftercare.run("import", "export.csv", "--guess")
    assert ended.code == 1
    assert ended.err == "error: export.csv: found no column for treatment; phone or email: map it, or export it too\n"
    assert "# not found: phone or email: " in ended.out
    assert "nort" in aftercare.refused("import", "export.csv", "--guess", "--clinic", "nort")


def test_an_import_of_an_unmapped_file_names_the_way_to_a_mapping(aftercare: Command) -> None:
    (aftercare.folder / "export.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    said = aftercare.refused("import", "export.csv", "--clinic", "south")
    assert "`aftercare import --guess` proposes how" in said
