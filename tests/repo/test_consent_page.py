"""The page on consent names every word that the ledger and its export have."""

import re
from collections.abc import Iterable

import pytest

from scheduler.domain.consent import Source, Verdict
from scheduler.domain.protocol import Purpose
from scheduler.services.consent_export import COLUMNS
from tests.repo.markdown import ROOT

PAGE = (ROOT / "docs/reference/consent.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [Source, Verdict, Purpose, COLUMNS], ids=["source", "verdict", "purpose", "column"])
def test_every_word_has_a_row(words: Iterable[str]) -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert [word for word in words if str(word) not in rows] == []
