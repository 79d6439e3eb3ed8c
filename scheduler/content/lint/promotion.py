"""No promotion beside care: a price, a discount or an offer makes a text marketing, which needs its own consent."""

import re
from collections.abc import Iterator

from scheduler.content.lint.vocabulary import finder, fold
from scheduler.content.lint.written import Words, Written
from scheduler.domain.protocol import Purpose
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem

_MONEY = re.compile(r"[$€£]\s?\d[\d.,]*|(?<!\d)\d[\d.,]*\s?(?:[$€£%]|(?:cad|usd|eur|gbp|dollars?|euros?|dolares)\b)")


def promotions(written: Written, _: Configuration) -> Iterator[Problem]:
    """Yield the first words of promotion in each file of a text that is not marketing: of a step, or an answer."""
    step = written.use.step
    if not written.to_patient or (step is not None and step.purpose is Purpose.MARKETING):
        return
    for source in written.sources:
        found = _first(source, written.use.language)
        if found is not None:
            said = source.text[found.start() : found.end()]
            what = f"a {step.purpose} step" if step else "an answer"
            message = f"“{' '.join(said.split())}” promotes, and this is {what}"
            hint = "leave it out, or make it a step of its own with purpose: marketing"
            yield written.problem(
                source, found.start(), code="promotion", message=message, hint=hint, severity="error"
            )


def _first(source: Words, language: str) -> re.Match[str] | None:
    folded = fold(source.text)
    words = finder(language, "promotion")
    found = [match for match in (_MONEY.search(folded), words.search(folded) if words else None) if match]
    return min(found, key=re.Match.start, default=None)
