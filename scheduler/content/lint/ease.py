"""How hard a text reads: the school grade that it needs, and its hardest sentence."""

import re
from collections.abc import Iterator

from scheduler.content.lint.grade import Sentence, grade_of, sentences_of, words_in
from scheduler.content.lint.written import Words, Written
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem

_SIGNATURE = "\n-- \n"
_RULED = re.compile(r"^.*\n-{3,}$", re.MULTILINE)
_LINK = re.compile(r"\S*(?://|@)\S*")
_FEWEST, _SHORTEST = 15, 6
"""Words: the grade of a shorter text, or of a shorter sentence, says nothing."""


def hard_texts(written: Written, configuration: Configuration) -> Iterator[Problem]:
    """Yield a text for patients that needs a higher grade than `reading_grade`, at its hardest sentence.

    Headings, links, the clinic's name and an email's footer do not count. A text of a few words is not graded, nor
    one in a language without a formula.
    """
    if not written.to_patient:
        return
    for body in written.bodies:
        sentences = sentences_of(_prose(body, written.use.clinic.name))
        grade = grade_of(sentences, written.use.language) if words_in(sentences) >= _FEWEST else None
        if grade is not None and grade > configuration.instance.reading_grade:
            yield _problem(written, sentences, grade, configuration.instance.reading_grade)
            return


def _prose(body: str, clinic: str) -> str:
    text = body.partition(_SIGNATURE)[0].replace(clinic, "")
    return _LINK.sub("", _RULED.sub("", text))


def grade_in(body: str, language: str, clinic: str) -> float | None:
    """Return the grade that a text needs as it comes out, None where the language has no formula."""
    return grade_of(sentences_of(_prose(body, clinic)), language)


def _problem(written: Written, sentences: list[Sentence], grade: float, most: int) -> Problem:
    language = written.use.language
    graded = [(grade_of([it], language) or 0, it) for it in sentences if len(it.words) >= _SHORTEST]
    hardest = max(graded, key=lambda pair: pair[0], default=(0, None))[1]
    source, at = written.sources[0], 0
    message = f"needs grade {grade:.1f}, {most} is the most"
    if hardest:
        at = _place(source, hardest)
        message += f"; the hardest sentence begins “{' '.join(hardest.words[:5])}”"
    hint = "use shorter sentences and shorter words"
    return written.problem(source, at, code="hard-to-read", message=message, hint=hint)


def _place(source: Words, sentence: Sentence) -> int:
    """Return where a sentence begins in its file, 0 where values stand between its first words."""
    for count in (4, 3, 2):
        found = re.search(r"\W+".join(map(re.escape, sentence.words[:count])), source.text, re.IGNORECASE)
        if found:
            return found.start()
    return 0
