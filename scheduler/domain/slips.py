"""Whether two names are one that was mistyped once."""

SHORTEST = 4
"""Letters of a word in which one letter is a slip: in shorter ones it makes another name, such as Amy of Ann."""


def is_slip(one: str, other: str) -> bool:
    """Whether two plain names differ by one slip of the hand in one word; not whether they are the same.

    A slip swaps two letters, or has another letter, one more or one less. The ends of the word stay: people who
    share a phone are often told apart by them, as Maria and Mario, or Daniel and Daniela.
    """
    words = list(zip(one.split(), other.split(), strict=False))
    if len(one.split()) != len(other.split()):
        return False
    differing = [pair for pair in words if pair[0] != pair[1]]
    return len(differing) == 1 and _slipped(*differing[0])


def _slipped(one: str, other: str) -> bool:
    if min(len(one), len(other)) < SHORTEST or (one[0], one[-1]) != (other[0], other[-1]):
        return False
    start = next(place for place in range(len(one)) if one[: place + 1] != other[: place + 1])
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == len(other) == 2 and one == other[::-1])  # noqa: PLR2004  (two that were swapped)
