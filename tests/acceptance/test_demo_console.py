"""The demo as a person has it: a link on the terminal, a console that answers while the weeks pass and after them."""

import html
import re
import socket
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import Aftercare
from tests.acceptance.playing import LINK, playing

NEW_PATIENT = {
    "step": "look",
    "name": "Zoë Sample",
    "phone": "514 555 0199",
    "email": "",
    "language": "",
    "clinic": "lumiere",
    "treatment": "microneedling",
    "day": "2026-04-16",
    "time": "14:00",
    "consent_sms": "yes",
    "consent_email": "unknown",
    "consent_marketing": "unknown",
    "ends": "",
    "timezone": "",
    "patient_id": "",
    "external_id": "",
}


@pytest.mark.long
def test_the_console_answers_while_the_weeks_pass_and_is_there_to_be_tried_after_them(tmp_path: Path) -> None:
    with playing(tmp_path, "--seconds", "5", "--port", "0") as demo:
        browser = demo.sign_in()
        assert browser.get("/desk/").status_code == 200
        demo.until("Six weeks are over")
        demo.until("asks “Can I go swimming tomorrow[?]”")
        assert "Monday, April 13, 2026" in browser.get("/desk/").text
        assert "Can I go swimming tomorrow?" in html.unescape(browser.get("/desk/inbox").text)

        plan = browser.post("/desk/appointments/new", data=NEW_PATIENT).text
        assert "Nothing is saved yet" in plan
        form = plan.partition('action="/desk/appointments"')[2].partition("</form>")[0]
        shown = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
        saved = browser.post("/desk/appointments", data={name: html.unescape(value) for name, value in shown})
        assert "The appointment is registered." in saved.text
        assert "Zoë Sample" in saved.text

        again = LINK.findall(demo.said)[-1]
        assert again != demo.link()
        assert httpx.get(again).status_code == 200
        with browser.stream("GET", "/desk/live") as live:
            assert live.status_code == 200
            assert demo.interrupt() == 0
        assert demo.process.stderr
        assert demo.process.stderr.read() == b""


def test_on_a_terminal_it_waits_for_the_sign_in_and_shows_the_link_whole(tmp_path: Path) -> None:
    with playing(tmp_path, "--seconds", "60", "--port", "0", terminal=True) as demo:
        link = demo.link()
        demo.until("It begins when you are signed in")
        line = next(it for it in demo.said.splitlines() if link in it)
        assert len(re.sub(r"\x1b\[[\d;]*m", "", line)) < 80
        assert "week 1 of 6" not in demo.said
        demo.sign_in()
        demo.until("week 1 of 6")
        assert demo.interrupt() == 0
        demo.until("Stopped on")
        assert "Traceback" not in demo.said


@pytest.mark.parametrize("terminal", [True, False])
def test_it_ends_at_once_also_before_it_began(tmp_path: Path, *, terminal: bool) -> None:
    with playing(tmp_path, "--port", "0", terminal=terminal) as demo:
        demo.link()
        assert demo.interrupt() == 0
        demo.until("Stopped on")


def test_a_second_demo_says_that_one_runs_and_a_taken_port_is_left_to_who_has_it(aftercare: Aftercare) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with playing(aftercare.folder, "--port", str(port)) as demo:
            assert f":{port}/" not in demo.link()
            assert "a demo runs in" in aftercare.refused("demo", "--exit")
            assert demo.interrupt() == 0
