"""Show: live delivery with nothing approved sends nothing and says so; approved while it runs, it goes out."""

import pytest

from tests.acceptance.grounds import Ground, ground_in
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer

SIGNED = ("--by", "Dr. Sample", "--role", "medical director")
PATIENTS = 3


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.long])])
def ground(request: pytest.FixtureRequest, twilio: TwilioServer, smtp: SmtpServer) -> Ground:
    url = request.getfixturevalue("empty_postgres_url") if request.param == "postgres" else None
    ground = ground_in(request.getfixturevalue("tmp_path"), twilio, smtp, database=url)
    ground.site.looks = 0.1
    for file in (ground.site.folder / "own" / "config" / "approvals").iterdir():
        file.unlink()
    return ground


def test_nothing_goes_out_unapproved_and_all_of_it_once_it_is_approved(ground: Ground) -> None:
    ground.prepare(PATIENTS)
    with ground.serving() as service:
        assert "nothing is approved, so no step of any protocol is sent" in ground.site.said(service)
        ground.fall_due()
        ground.until(lambda: alerted(ground) == ["lumiere"])
        ground.until(lambda: all(row.soonest > ground.site.clock.now() for row in ground.rows()))
        assert ground.texts() == {}
        assert {row.status for row in ground.rows()} == {"scheduled"}
        assert "is not approved" in ground.site.done("timeline", "1")

        assert ground.site.json("approve", "--all", *SIGNED)["written"]
        ground.until(lambda: "config.taken" in ground.site.said(service))
        ground.settle()
        ground.until(lambda: alerted(ground) == [])
    ground.check()


def alerted(ground: Ground) -> list[str]:
    return [it["subject"] for it in ground.site.json("alerts")["alerts"] if it["kind"] == "unapproved"]
