"""What an export's words for treatments and statuses stand for, as far as that can be told from the words alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Answer
from scheduler.domain.protocol import Protocol
from scheduler.protocols.hints import nearest
from scheduler.protocols.preset_file import Preset
from scheduler.services.exports.header_words import plain_name
from scheduler.services.exports.looks import FEWEST_DIGITS
from scheduler.services.exports.proposal import ForWord, Sure
from scheduler.services.status_words import status_of
from scheduler.services.words import answer_of

MOST_TREATMENTS, MOST_STATUSES = 80, 12
"""More different words are no list of treatments, or of statuses: then nothing of them is shown."""
SOME_CELLS = 20
"""From so many cells on a list of treatments repeats itself; what does not is written about each patient."""
LONGEST = 120
_STATUS = "booked, completed, cancelled or no_show? Rows that have it are refused until then"


def treatments(cells: Sequence[str], protocols: Mapping[str, Protocol]) -> tuple[ForWord, ...]:
    """Return each name of a treatment with the protocol that it stands for, the most frequent first.

    Only a name that is a protocol's own, or has it whole in it, is mapped; one that merely looks like it is asked
    about, since a wrong protocol is wrong advice.
    """
    words = [word for word in _different(cells) if not _has_an_address(word)]
    if len(words) > MOST_TREATMENTS or (len(cells) >= SOME_CELLS and 2 * len(words) > len(cells)):
        return ()
    names = dict(_names(protocols))
    return tuple(_treatment(word, names) for word in words)


def called_off(cells: Sequence[str]) -> tuple[ForWord, ...]:
    """Return what yes and no mean in a column that says whether a visit was called off."""
    meaning = {Answer.YES: AppointmentStatus.CANCELLED.value, Answer.NO: AppointmentStatus.BOOKED.value}
    words = _different(cells)[:MOST_STATUSES]
    return tuple(_answer(word, meaning.get(answer_of(word) or Answer.UNKNOWN)) for word in words)


def _answer(word: str, ours: str | None) -> ForWord:
    if ours is None:
        return ForWord(word, "", Sure.ASK, _STATUS)
    return ForWord(word, ours, Sure.LIKELY, "by the name of the column")


def statuses(cells: Sequence[str], preset: Preset | None) -> tuple[ForWord, ...]:
    """Return the words that nobody knows: what they mean has to be asked."""
    known = {plain_name(word) for word in preset.statuses} if preset else set()
    words = [word for word in _different(cells) if not status_of(word) and plain_name(word) not in known]
    if len(words) > MOST_STATUSES:
        return ()
    return tuple(ForWord(word, "", Sure.ASK, _STATUS) for word in words)


def _has_an_address(word: str) -> bool:
    return "@" in word or sum(char.isdecimal() for char in word) >= FEWEST_DIGITS


def _different(cells: Sequence[str]) -> list[str]:
    """Return the different words as first written, the most frequent first; case and spacing do not count."""
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for cell in cells:
        word = " ".join(cell.split())
        if len(word) <= LONGEST:
            first.setdefault(word.casefold(), word)
            counts[word.casefold()] += 1
    return [first[word] for word, _ in counts.most_common()]


def _names(protocols: Mapping[str, Protocol]) -> Iterator[tuple[str, str]]:
    for treatment, protocol in protocols.items():
        yield plain_name(treatment), treatment
        yield from ((plain_name(title), treatment) for title in protocol.title.values())


def _treatment(word: str, names: Mapping[str, str]) -> ForWord:
    plain = plain_name(word)
    if plain in names:
        return ForWord(word, names[plain], Sure.SURE, "is called so")
    within = [name for name in names if name and f" {name} " in f" {plain} "]
    # “RF microneedling” has “microneedling” in it, and is something else.
    longest = {names[name] for name in within if not any(name != other and name in other for other in within)}
    if len(longest) == 1:
        return ForWord(word, longest.pop(), Sure.LIKELY, "has its name in it")
    if len(having := {names[name] for name in names if f" {plain} " in f" {name} "}) == 1:
        return ForWord(word, having.pop(), Sure.ASK, "is a part of its name: is it that? Then take the # away")
    near = None if longest or having else nearest(plain, names)
    if near is None:
        return ForWord(word, "", Sure.ASK, "which of ours is it?")
    return ForWord(word, names[near], Sure.ASK, "is spelled alike: is it that? Then take the # away")
