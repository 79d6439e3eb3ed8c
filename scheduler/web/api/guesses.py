"""What a clinic's file may say of an export that is not mapped yet: a proposal, as `aftercare import --guess`."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.exports.guessing import propose
from scheduler.services.exports.proposal import ForDates, ForField, ForWord, Proposal, Sure
from scheduler.services.intake import Field
from scheduler.services.uploading import MOST_BYTES
from scheduler.web.access import needs, note
from scheduler.web.api.body import FileBody
from scheduler.web.api.fields import Output, Tags
from scheduler.web.api.imports import BODY, MEDIA, Disposition, ImportQuery, name_in
from scheduler.web.api.samples_files import GUESS

TAGS: Tags = ["appointments"]


class GuessedColumn(Output):
    """The columns that hold a field, joined by a blank, and what says so."""

    field: Field
    columns: list[str]
    sure: Sure
    why: str

    @classmethod
    def of(cls, it: ForField) -> Self:
        """Show it."""
        return cls(field=it.field, columns=list(it.columns), sure=it.sure, why=it.why)


class GuessedWord(Output):
    """What a word of the export for a treatment or a status means; null where nothing is near."""

    word: str
    means: str | None
    sure: Sure
    why: str

    @classmethod
    def of(cls, it: ForWord) -> Self:
        """Show it."""
        return cls(word=it.word, means=it.ours or None, sure=it.sure, why=it.why)


class GuessedDates(Output):
    """Which of day and month comes first; null where nothing says so."""

    order: str | None
    sure: Sure
    why: str

    @classmethod
    def of(cls, it: ForDates) -> Self:
        """Show it."""
        return cls(order=it.order or None, sure=it.sure, why=it.why)


class GuessShown(Output):
    """What is proposed, as `aftercare import --guess --json` says it; `yaml` is for the clinic's file.

    `missing` are the groups of needed fields of which none was found, from the columns in `unused` nothing is read.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [GUESS]})

    clinic: str
    rows: int
    preset: str | None
    columns: list[GuessedColumn]
    dates: GuessedDates | None
    treatments: list[GuessedWord]
    statuses: list[GuessedWord]
    missing: list[list[str]]
    unused: list[str]
    yaml: str

    @classmethod
    def of(cls, it: Proposal) -> Self:
        """Show a proposal."""
        return cls(
            clinic=it.clinic,
            rows=it.rows,
            preset=it.preset or None,
            columns=[GuessedColumn.of(one) for one in it.columns],
            dates=GuessedDates.of(it.dates) if it.dates else None,
            treatments=[GuessedWord.of(one) for one in it.treatments],
            statuses=[GuessedWord.of(one) for one in it.statuses],
            missing=[list(group) for group in it.missing],
            unused=list(it.unused),
            yaml=it.yaml(),
        )


def add_guesses(api: APIRouter, desk: Desk) -> None:
    """Add the route."""

    @api.post("/imports/guess", tags=TAGS, openapi_extra=BODY)
    def guess(
        request: Request,
        query: Annotated[ImportQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "upload.guessed"))],
        file: Annotated[bytes, Depends(FileBody(MEDIA, MOST_BYTES))],
        disposition: Disposition = None,
    ) -> GuessShown:
        """Propose how an export is mapped, where `POST /imports` can't read its columns. Nothing is kept."""
        caller.demand(Permission.BOOK, query.clinic)
        if query.clinic not in desk.configuration.clinics:
            raise NotFoundError
        note(request, clinic=query.clinic)
        name = name_in(disposition) or "export"
        return GuessShown.of(propose(desk.configuration, query.clinic, name, file))
