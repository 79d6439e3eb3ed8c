"""Writes workbooks part by part, right and wrong ones, as no spreadsheet program lets one."""

import io
import zipfile
from collections.abc import Mapping

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def related(*targets: tuple[str, str]) -> str:
    """Return the relations of a part: (kind, target), with the ids r1, r2 …"""
    lines = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{lines}</Relationships>'


def sheet(rows: str, more: str = "") -> str:
    """Return a sheet with these rows of XML."""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{more}</worksheet>'


def texts(*lines: str) -> str:
    """Return rows of texts, from the first row and column on; cells are split by |."""
    rows = (
        "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{cell}</t></is></c>' for cell in line.split("|"))
        for line in lines
    )
    return "".join(f"<row>{row}</row>" for row in rows)


def parts(*sheets: str, styles: str = "", strings: str = "", book: str = "") -> dict[str, str]:
    """Return the parts of a workbook with these sheets."""
    names = "".join(
        f'<sheet name="Sheet {number}" sheetId="{number}" r:id="r{number}"/>' for number in range(1, len(sheets) + 1)
    )
    targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": related(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{book}<sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": related(*targets, ("styles", "styles.xml"), ("sharedStrings", "strings.xml")),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
        "xl/strings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
        **{f"xl/worksheets/sheet{number}.xml": it for number, it in enumerate(sheets, start=1)},
    }


def packed(found: Mapping[str, str | bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return the parts as the file that they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return out.getvalue()
