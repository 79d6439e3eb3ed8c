"""In which language a reply was understood: certain, or not said."""

import pytest

from scheduler.domain.triage import triage
from scheduler.domain.understood import understood_in
from tests.services.house import WORDS


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I have a fever and pus", "en"),
        ("3, j'ai de la fièvre", "fr"),
        ("tengo fiebre", "es"),
        ("please stop texting me", "en"),
        ("AIDE", "fr"),
        ("3", None),
        ("1 👍", None),
        ("STOP", None),
        ("fever, fièvre", None),
        ("?", None),
        ("", None),
        ("wooden zebra lamp", None),
    ],
)
def test_a_language_is_said_only_where_its_words_alone_decided(text: str, language: str | None) -> None:
    words = WORDS()
    assert understood_in(text, triage(text, words), words) == language
