"""Who says that an alert is done says so of what the page showed: what was written since stays open."""

import asyncio
import re

import httpx
import pytest
import sqlalchemy as sa

from scheduler.services.alert_page import AlertPages
from scheduler.store.alerts import open_alerts
from scheduler.store.joins import replies_joined
from scheduler.store.replies import get_reply
from scheduler.store.tables import replies
from scheduler.web.alerts import alert_pages
from scheduler.web.app import create_app
from scheduler.web.pages import Pages
from tests.services.house import CHECK, House, after
from tests.services.on_call import ALICE, now, with_on_call
from tests.services.replying import answer
from tests.web.test_alerts import HEARD, PUBLIC, call, links, path_of


def press(house: House, path: str, seen: str) -> int:
    """Press the button of a page that showed replies up to that one."""
    pages = AlertPages(house.store, house.configuration, links(house), house.clock)
    app = create_app(well=lambda: True, pages=[alert_pages(pages, Pages(PUBLIC))])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7") as client:
            return await client.post(f"{path}/close", data={"seen": seen})

    return asyncio.run(ask()).status_code


def shown(house: House, path: str) -> str:
    (found,) = re.findall(r'name="seen" value="(\d+)"', call(house, path).text)
    return str(found)


@pytest.mark.parametrize("forged", [None, "", "x", "-1", "9" * 30])
def test_what_was_written_since_the_page_was_opened_is_not_closed_unread(
    any_house: House, forged: str | None
) -> None:
    any_house.configuration = with_on_call(ALICE)
    any_house.register()
    any_house.dispatch(CHECK)
    answer(any_house, "Can I swim?", HEARD)
    with any_house.store.read() as tx:
        (alert,) = open_alerts(tx)
    path = path_of(any_house, alert)
    seen = shown(any_house, path) if forged is None else forged
    more = answer(any_house, "I have a fever and pus", after(HEARD, minutes=1)).reply_id
    assert press(any_house, path, seen) == 303
    assert now(any_house, alert).closed_at is None
    with any_house.store.read() as tx:
        assert replies_joined(tx, alert.id) == (more,)
        assert get_reply(tx, more).handled_at is None
    assert "fever and pus" in call(any_house, path).text
    assert press(any_house, path, shown(any_house, path)) == 303
    assert now(any_house, alert).closed_at is not None
    with any_house.store.read() as tx:
        assert get_reply(tx, more).handled_by == "Alice"


def test_what_can_not_be_opened_can_be_closed_all_the_same(any_house: House) -> None:
    any_house.configuration = with_on_call(ALICE)
    any_house.register()
    any_house.dispatch(CHECK)
    answer(any_house, "Can I swim?", HEARD)
    with any_house.store.read() as tx:
        (alert,) = open_alerts(tx)
    answer(any_house, "I have a fever and pus", after(HEARD, minutes=1))
    with any_house.store.write() as tx:
        tx.connection.execute(sa.update(replies).values(body_sealed=b"\x00"))
    path = path_of(any_house, alert)
    assert press(any_house, path, shown(any_house, path)) == 303
    assert now(any_house, alert).closed_at is not None
