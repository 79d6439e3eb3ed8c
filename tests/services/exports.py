"""A clinic's export, as its booking system writes it, and a run of the importer over it."""

from pathlib import Path

from scheduler.services.exports.importing import Importer, ImportReport
from tests.services.house import House

HEADER = "Booking,Chart,Start,End,Client,Mobile,E-mail,Language,Service,Status,Texts,Emails"
ZOE = "B-1,,2026-03-18 10:00,,Zoë Lachance,416-555-0123,zoe@patients.example,fr,Face peel,Confirmed,yes,yes"
ANN = "B-2,,2026-03-18 11:30,,Ann Roy,416-555-0124,ann@patients.example,en,face  PEEL,confirmed,yes,"
LEO = "B-3,,2026-03-18 13:00,,Léo Martin,416-555-0125,,,peel,,,"


def run(
    house: House, folder: Path, *rows: str, header: str = HEADER, dry_run: bool = False, clinic: str = "north"
) -> ImportReport:
    file = folder / "export.csv"
    file.write_text("\n".join([header, *rows]), encoding="utf-8")
    place = house.configuration.clinic(clinic)
    return Importer(house.store, house.configuration, house.clock, place).run(file, dry_run=dry_run)


def results(report: ImportReport) -> list[str]:
    return [row.result.value for row in report.rows]
