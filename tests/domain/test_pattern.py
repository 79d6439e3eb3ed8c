"""Patterns: what stands where in a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.pattern import read_pattern

READ = {
    ("{treatment} - {name}", "Peel  -  Zoë Lachance"): {"treatment": "Peel", "name": "Zoë Lachance"},
    ("Phone: {phone}", "phone:416 555 0123 "): {"phone": "416 555 0123"},
    ("Phone: {phone}", "Mobile phone: 416"): None,
    ("{name} ({treatment})", "Zoë (Full (face))"): {"name": "Zoë", "treatment": "Full (face)"},
    ("{} with {name}", "Peel WITH Zoë"): {"name": "Zoë"},
    ("{name}", "Zoë"): {"name": "Zoë"},
    ("{name}", "  "): None,
    ("{treatment} - {name}", " - Zoë"): None,
    ("{treatment} - {name}", "Lunch"): None,
}
WRONG = {
    "no place": "has no place",
    "{}": "has no place",
    "{name}{phone}": "nothing between",
    "{name} {name}": "nothing between",
    "{name} - {name}": "twice",
    "{Name}": "has no place",
    "{name} {": "brace",
}


def test_a_line_is_read_as_its_pattern_says() -> None:
    for (pattern, line), expected in READ.items():
        assert read_pattern(pattern).read(line) == expected, (pattern, line)


def test_what_is_no_pattern_says_why() -> None:
    for text, why in WRONG.items():
        with pytest.raises(ValueError, match=why):
            read_pattern(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_was_put_in_is_read_out_again(treatment: str, name: str) -> None:
    treatment, name = " ".join(treatment.replace("|", "").split()), " ".join(name.replace("|", "").split())
    read = read_pattern("{treatment} | {name}").read(f"{treatment} | {name}")
    assert read == ({"treatment": treatment, "name": name} if treatment and name else None)
