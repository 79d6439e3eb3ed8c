"""What is a slip of the hand in a name, and what makes it another person's."""

from scheduler.domain.slips import is_slip

SLIPS = [
    ("kristin vale", "kirstin vale"),
    ("jhon doe", "john doe"),
    ("erica moss", "erika moss"),
    ("ana mcdonld", "ana mcdonald"),
]
OTHERS = [
    ("ann vale", "amy vale"),
    ("maria moss", "mario moss"),
    ("daniel moss", "daniela moss"),
    ("jonathan doe", "john doe"),
    ("kristin vale", "kirstin vales"),
    ("kristin vale", "kristin"),
    ("vale kristin", "kristin vale"),
    ("anna moss", "anna moss"),
    ("", ""),
    ("aaaa", "aaa"),
]


def test_one_slip_in_one_word_is_one_and_what_tells_people_apart_is_none() -> None:
    for one, other in SLIPS:
        assert is_slip(one, other), (one, other)
        assert is_slip(other, one), (one, other)
    for one, other in OTHERS:
        assert not is_slip(one, other), (one, other)
        assert not is_slip(other, one), (one, other)
