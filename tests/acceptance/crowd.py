"""Many patients of one clinic with a visit at the same hour, who get texts only."""

from tests.acceptance.conftest import Aftercare

HEADER = "Booking,Start,Client,Mobile,E-mail,Language,Service,Status,Texts OK,Emails OK,Offers OK"


def register_crowd(aftercare: Aftercare, count: int) -> list[str]:
    """Import so many visits of 6 March 2030, ten in the morning in Toronto; return the patients' numbers."""
    rows = (
        f"C-{n},2030-03-06 10:00,Patient {n} Sample,(514) 555-{1000 + n},,en,"
        "Microneedling - Full Face,Confirmed,yes,,no"
        for n in range(count)
    )
    (aftercare.folder / "export.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    assert aftercare.json("import", "export.csv", "--clinic", "lumiere")["totals"]["registered"] == count
    return [f"+1514555{1000 + n}" for n in range(count)]
