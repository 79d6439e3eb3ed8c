"""A play of patients with two treatments on one day, whose messages become one: engines are killed meanwhile."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.acceptance.conftest import keys
from tests.chaos.layouts import MOODY, Layout
from tests.chaos.play import Play, Wave
from tests.chaos.providers import providers
from tests.chaos.site import HEADER, Site, mailbox, mobile
from tests.chaos.verdict import Verdict, count_emails, count_texts

BOTH_DUE = (Wave("sun_protection", datetime(2030, 3, 6, 19, 45, tzinfo=UTC), ("sms", "email")),)
"""The second of the two visits of 6 March 2030 is due then, the first since 18:00."""
VISITS = (("10:00", "Microneedling - Full Face"), ("11:30", "RF Microneedling"))
SAID, CARRIED = {"accepted", "delivered"}, "suppressed"


class TwoVisits(Site):
    """A site whose patients have both treatments on one day."""

    def register(self, patients: int) -> None:
        rows = (
            f"C-{n}-{number},2030-03-06 {at},Patient {n} Sample,{mobile(n)},{mailbox(n)},en,{service},"
            "Confirmed,yes,yes,no"
            for n in range(patients)
            for number, (at, service) in enumerate(VISITS)
        )
        (self.folder / "export.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        with self.launch("import", "export.csv", "--clinic", "lumiere") as importing:
            if importing.wait(300) != 0:
                raise AssertionError(self.said(importing))


@dataclass
class MergingPlay(Play):
    """Each patient gets one text and one mail, whichever of the two visits' messages carries."""

    waves: Sequence[Wave] = BOTH_DUE

    def _count(self) -> None:
        numbers = range(self.patients)
        count_texts(self.verdict, self.providers.texts(), {mobile(n): 1 for n in numbers})
        count_emails(self.verdict, self.providers.emails(), {mailbox(n): 1 for n in numbers})
        rows = [row for row in self.site.messages() if row.step == self.waves[0].step]
        for channel in ("sms", "email"):
            said, carried = (
                sum(row.number for row in rows if row.channel == channel and row.status in among)
                for among in (SAID, {CARRIED})
            )
            if (said, carried) != (self.patients, self.patients):
                self.verdict.faults.append(f"{channel}: {said} sent and {carried} merged of {self.patients}: {rows}")


def play_merging(layout: Layout, database: str | None, *, patients: int, kills: int, seed: int) -> Verdict:
    """Play in a folder that is thrown away; `database` is the address of an empty one on PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="aftercare-merging-"))
    try:
        site = TwoVisits(folder, batch=layout.batch or 40)
        site.open(rate=layout.rate)
        if database:
            site.environ |= {"AFTERCARE_DATABASE_URL": database, **keys()}
            site.done("db", "upgrade")
        with providers(folder, site.clock.file, moody=MOODY, delay=layout.delay) as reached:
            site.environ |= reached.environ
            return MergingPlay(layout.title, layout.hunt, site, reached, patients, kills, seed).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
