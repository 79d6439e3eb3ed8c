"""Links that are keys: what they say is signed, and nothing else opens anything."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.services.links import AlertClaim, LinkFault, Links, PageClaim
from scheduler.store.keys import Keys
from scheduler.store.vault import Vault
from tests.services.house import REGISTERED as NOW

LATER = NOW + timedelta(days=60)


def links(secret: bytes = b"s" * 32) -> Links:
    keys = Keys(secret=secret, encryption=(b"e" * 32,), lookup=b"l" * 32, sources={})
    return Links("https://care.example", Vault(keys))


def token(link: str) -> str:
    return link.rpartition("/")[2]


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1))
def test_a_link_says_what_it_was_made_of_and_names_nobody(patient: int, visit: int, epoch: int) -> None:
    link = links().page(patient, visit, epoch, expires_at=LATER)
    assert link.startswith("https://care.example/p/")
    assert len(link) < 100
    assert links().read_page(token(link), now=NOW) == PageClaim(patient, visit, epoch, LATER)


def test_each_kind_of_link_opens_its_own_kind_only() -> None:
    ours = links()
    page, alert, stop = (
        token(link)
        for link in (ours.page(1, 2, 0, expires_at=LATER), ours.alert(1, 2, expires_at=LATER), ours.unsubscribe(1))
    )
    assert ours.read_alert(alert, now=NOW) == AlertClaim(1, 2, LATER)
    assert ours.read_unsubscribe(stop) == 1
    for other in (alert, stop):
        assert ours.read_page(other, now=NOW) is LinkFault.FORGED
    for other in (page, stop):
        assert ours.read_alert(other, now=NOW) is LinkFault.FORGED
    for other in (page, alert):
        assert ours.read_unsubscribe(other) is None


def test_a_link_that_is_past_its_time_says_so() -> None:
    ours = links()
    page = token(ours.page(1, 2, 0, expires_at=LATER))
    assert ours.read_page(page, now=LATER - timedelta(minutes=1)) == PageClaim(1, 2, 0, LATER)
    assert ours.read_page(page, now=LATER) is LinkFault.EXPIRED
    assert ours.read_page_whenever(page) == PageClaim(1, 2, 0, LATER)
    assert ours.read_alert(token(ours.alert(1, 1, expires_at=NOW)), now=NOW) is LinkFault.EXPIRED


def test_a_link_of_another_key_opens_nothing() -> None:
    other = token(links(b"t" * 32).page(1, 2, 0, expires_at=LATER))
    assert links().read_page(other, now=NOW) is LinkFault.FORGED


@given(st.data())
def test_no_changed_byte_opens_another_patients_page(data: st.DataObject) -> None:
    whole = token(links().page(7, 8, 0, expires_at=LATER))
    raw = bytearray(urlsafe_b64decode(whole + "=" * (-len(whole) % 4)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    assert links().read_page(urlsafe_b64encode(raw).rstrip(b"=").decode(), now=NOW) is LinkFault.FORGED


@given(st.text())
def test_no_text_that_we_did_not_make_opens_anything(text: str) -> None:
    assert links().read_page(text, now=NOW) is LinkFault.FORGED
    assert links().read_alert(text, now=NOW) is LinkFault.FORGED
    assert links().read_unsubscribe(text) is None


@pytest.mark.parametrize("change", ["{}=", "{}A", "{} ", "\n{}", "{}\0"])
def test_of_each_link_there_is_one_way_to_write_it(change: str) -> None:
    assert links().read_unsubscribe(change.format(token(links().unsubscribe(1)))) is None
