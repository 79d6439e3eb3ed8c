"""`aftercare bookings`: what was refused and why, and trying it again once the clinic's file is mended."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from scheduler.cli.wiring import open_product
from scheduler.services.bookings.receiving import BookingCall, BookingHooks
from tests.cli.command import Command
from tests.services.house import CONFIG
from tests.services.telling import SECRETS, calcom, calcom_booking

VISIT, TOLD = datetime(2030, 3, 20, 14, tzinfo=UTC), datetime(2030, 3, 1, tzinfo=UTC)


def config_with(aftercare: Command, more: str) -> Path:
    """Return the clinic's file in a copy of the configuration, with further lines."""
    folder = aftercare.folder / "config"
    if not folder.exists():
        shutil.copytree(CONFIG, folder)
        aftercare.set(AFTERCARE_CONFIG_DIR=str(folder), CALCOM_KEY=SECRETS["CALCOM_KEY"])
    file = folder / "clinics" / "north.yaml"
    file.write_text((CONFIG / "clinics" / "north.yaml").read_text(encoding="utf-8") + more, encoding="utf-8")
    return file


def test_what_was_refused_is_listed_and_tried_again(aftercare: Command) -> None:
    source = "\nbookings: [{id: calcom, kind: calcom, secret: CALCOM_KEY}]\n"
    file = config_with(aftercare, source)
    assert aftercare.done("bookings") == "Nothing waits, and nothing was refused.\n"
    said = calcom(calcom_booking("BOOKING_CREATED", "u1", VISIT, TOLD, type="haircut", title="x", eventTitle="x"))
    with open_product() as product:
        hooks = BookingHooks(product.store, product.configuration, product.clock)
        call = hooks.check("north", "calcom", said.headers, said.body)
        assert isinstance(call, BookingCall)
        hooks.keep(call)
        assert hooks.work() == 1
    (listed,) = aftercare.json("bookings", "list", "--clinic", "north")["bookings"]
    assert (listed["id"], listed["state"], listed["outcome"], listed["source"]) == (1, "refused", None, "calcom")
    assert "treatment: “haircut” is not known" in listed["reason"]
    line, why = aftercare.done("bookings").splitlines()
    assert re.search(r" \d\d:\d\d E[DS]T  north/calcom  refused$", line), line
    assert why.startswith("    treatment: “haircut” is not known")
    ended = aftercare.run("bookings", "retry", "1")
    assert (ended.code, "refused" in ended.out) == (1, True)

    text = file.read_text(encoding="utf-8").replace("treatments: {", "treatments: {haircut: peel, ")
    file.write_text(text, encoding="utf-8")
    (tried,) = aftercare.json("bookings", "retry", "1")["bookings"]
    assert (tried["state"], tried["outcome"], tried["appointment"], tried["tries"]) == ("done", "registered", 1, 1)
    assert "is done" in aftercare.refused("bookings", "retry", "1")
    assert "no booking event 9" in aftercare.refused("bookings", "retry", "9")
    assert [it["id"] for it in aftercare.json("bookings", "list", "--all")["bookings"]] == [1]
    assert aftercare.json("bookings")["bookings"] == []


def test_a_clinic_that_is_not_there_is_named(aftercare: Command) -> None:
    aftercare.register()
    assert "there is no clinic 'nort'" in aftercare.refused("bookings", "list", "--clinic", "nort")
