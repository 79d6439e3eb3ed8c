from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from scheduler.content.calendar import Days, calendar_file

NOW = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 4, 15), date(2026, 4, 29)
VISIBLE = st.text(st.characters(exclude_categories=["C"], include_characters="\n\r\t"))


def read(file: bytes) -> dict[str, str]:
    """Read a calendar file strictly as RFC 5545 has it."""
    raw = file.split(b"\r\n")
    assert raw.pop() == b""
    assert all(len(line) <= 75 for line in raw)
    for line in raw:
        line.decode()  # no character is split over two lines
    lines = file.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    assert not any("\n" in line or "\r" in line for line in lines)
    return dict(line.split(":", 1) for line in lines)


def unescaped(text: str) -> str:
    found, escaped = "", False
    for char in text:
        if escaped:
            found += {"n": "\n"}.get(char, char)
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            assert char not in ";,"
            found += char
    return found


def test_the_last_day_is_in_it_and_the_days_stay_free() -> None:
    said = read(calendar_file(Days("a@b", FIRST, LAST, "Book", "Call us"), now=NOW))
    assert (said["DTSTART;VALUE=DATE"], said["DTEND;VALUE=DATE"]) == ("20260415", "20260430")
    assert (said["TRANSP"], said["UID"], said["DTSTAMP"]) == ("TRANSPARENT", "a@b", "20260320T150000Z")
    assert "URL" not in said


@given(title=VISIBLE, text=VISIBLE)
def test_any_text_comes_out_as_it_went_in(title: str, text: str) -> None:
    said = read(calendar_file(Days("a@b", FIRST, LAST, title, text, "https://x.example/ü"), now=NOW))

    def shown(it: str) -> str:
        return "".join(char for char in it if char == "\n" or char.isprintable())

    assert (unescaped(said["SUMMARY"]), unescaped(said["DESCRIPTION"])) == (shown(title), shown(text))
    assert said["URL"] == "https://x.example/ü"
