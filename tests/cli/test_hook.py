from pathlib import Path

from scheduler.domain.hook_events import KINDS
from tests.cli.command import Command


def test_an_endpoint_is_added_listed_without_its_address_and_switched_off(aftercare: Command) -> None:
    aftercare.register()
    url = "https://clinic.example/hooks?key=secret"
    made = aftercare.json("hook", "add", url, "--title", "Booking", "--clinic", "north", "--events", "message.*")
    assert made["secret"].startswith("whsec_")

    listed = aftercare.json("hook", "list")["endpoints"]
    assert [(it["host"], it["events"]) for it in listed] == [("clinic.example", ["message.*"])]
    assert "key=secret" not in aftercare.done("hook", "list")
    assert aftercare.json("hook", "off", "1", "--by", "Anna")["disabled_by"] == "Anna"
    assert aftercare.json("hook", "on", "1")["disabled_at"] is None


def test_a_ping_waits_for_the_service_and_a_secret_is_changed(aftercare: Command) -> None:
    aftercare.register()
    made = aftercare.json("hook", "add", "http://127.0.0.1:9/", "--title", "Booking")
    aftercare.json("hook", "ping", "1")
    calls = aftercare.json("hook", "calls", "1")["calls"]
    assert [(it["type"], it["state"]) for it in calls] == [("ping", "waiting")]
    assert aftercare.json("hook", "secret", "1")["secret"] != made["secret"]


def test_what_can_not_be_called_is_refused_in_one_line(aftercare: Command) -> None:
    aftercare.register()
    said = aftercare.refused("hook", "add", "http://clinic.example/", "--title", "Booking")
    assert "https://" in said
    assert "no webhook endpoint 9" in aftercare.refused("hook", "ping", "9")


def test_the_reference_names_every_event() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/webhooks-out.md").read_text(encoding="utf-8")
    for kind, meaning in KINDS.items():
        assert f"| `{kind}` | {meaning} |" in page
