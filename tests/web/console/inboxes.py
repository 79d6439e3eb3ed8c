"""What tests of the inbox read off its pages, and who sits before them."""

import re

from fastapi import FastAPI

from scheduler.domain.access import Role
from tests.services.house import House
from tests.services.texting import Text, alerts
from tests.web.desk import Visitor, make_session, make_user, signed_in


def somebody(house: House, app: FastAPI, login: str, role: Role = Role.STAFF, clinic: str = "north") -> Visitor:
    visitor = signed_in(app, house.store, role, clinic)
    user = make_user(house.store, login, role, clinic)
    name = next(iter(visitor.cookies))
    visitor.cookies[name] = make_session(house.store, user)
    return visitor


def form_in(page: str) -> dict[str, str]:
    """Return the hidden fields of the form for an answer."""
    part = page.split("data-answer", 1)[1].split("</form>", 1)[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', part)
    return dict(found)


def seen_in(page: str) -> str:
    """Return what the form that closes a thread says was seen."""
    return str(re.findall(r'action="[^"]*/close">\s*<input type="hidden" name="seen" value="(\d+)"', page)[0])


def thread_of(house: House, text: str, sender: str = "") -> tuple[str, int]:
    """Let Zoë write; return where that is seen, and the reply."""
    reply = (Text(text, sender=sender) if sender else Text(text)).send(house)
    raised = next(it for it in alerts(house) if it.reply_id == reply.id)
    return f"/desk/inbox/alerts/{raised.id}", reply.id
