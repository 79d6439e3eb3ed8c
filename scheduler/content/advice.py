"""The lines of a step's advice, as `{{ advice }}` shows them: what, and until when, in the patient's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale

from scheduler.content.formats import Lines, clean, day_in_words, locale_of, time_of_day
from scheduler.domain.advice import Catalogue
from scheduler.domain.advised import Held, held
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Step
from scheduler.domain.timing import Visit
from scheduler.errors import TemplateError


def advice_of(step: Step, visit: Visit, catalogue: Catalogue, clinic: Clinic, language: str) -> Lines:
    """Return the lines of one step of a visit; see `advice_lines`."""
    return advice_lines(held(step.advice, visit), catalogue, clinic, language, visit.zone)


def advice_lines(
    advised: Sequence[Held], catalogue: Catalogue, clinic: Clinic, language: str, zone: ZoneInfo
) -> Lines:
    """Return a line for each tag, in the catalogue's order; times of day are of `zone`, the patient's.

    Raises TemplateError for a tag that the catalogue no longer has, or not in this language: the step was planned by
    an older version of its protocol, and whoever took the tag out has to put it back.
    """
    ends = {one.tag: one.until for one in advised}
    if unknown := sorted(ends.keys() - catalogue.tags.keys()):
        raise TemplateError(f"advice.yaml has no tag {unknown[0]}, which this step names: write it there")
    writer = _LineWriter(catalogue, language, locale_of(language, clinic.country), zone)
    return Lines(writer.line(tag, ends[tag]) for tag in catalogue.tags if tag in ends)


@dataclass(frozen=True, slots=True)
class _LineWriter:
    catalogue: Catalogue
    language: str
    locale: Locale
    zone: ZoneInfo

    def line(self, tag: str, until: date | datetime | None) -> str:
        try:
            text, end = self.catalogue.tags[tag].text[self.language], self._end(until)
        except KeyError:
            raise TemplateError(f"advice.yaml has nothing in {self.language} for {tag}: write it there") from None
        return clean(f"{text} {end}")

    def _end(self, until: date | datetime | None) -> str:
        if until is None:
            return ""
        if not isinstance(until, datetime):
            return self.catalogue.until_day[self.language].replace("{day}", day_in_words(until, self.locale))
        local = until.astimezone(self.zone)
        words = self.catalogue.until_time[self.language].replace("{day}", day_in_words(local.date(), self.locale))
        return words.replace("{time}", time_of_day(local.time(), self.locale))
