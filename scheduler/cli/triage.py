"""`aftercare triage`: the class of a reply and the words that decided, for one text or a file of them."""

import csv
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.output import Json
from scheduler.domain.lexicon import Lexicon
from scheduler.domain.triage import Triage
from scheduler.domain.triage import triage as classify
from scheduler.errors import RegistrationError
from scheduler.protocols.lexicons import load_lexicons
from scheduler.settings import read_settings

HEADER = ("label", "locale", "text")


@dataclass(frozen=True, slots=True)
class Reply:
    """One text; `label` is the class that somebody gave it, "" where nobody did."""

    label: str
    locale: str
    text: str


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(triage)


def triage(
    text: Annotated[str | None, typer.Argument(help="A reply.", metavar="TEXT")] = None,
    *,
    language: Annotated[str, typer.Option(help="The patient's language; the words of all languages count.")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="Tab-separated, with the header label, locale, text.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the class of a reply, or of each in a file, and the words that decided.

    Where a file gives labels, the matrix of labels and classes goes to standard error.
    """
    if (text is None) == (file is None):
        raise typer.BadParameter("give either a text or --file")
    lexicons = load_lexicons(read_settings(os.environ).config_dir)
    replies = list(_read(file)) if file else [Reply("", language, text or "")]
    classes = [_print(reply, lexicons, as_json=as_json) for reply in replies]
    labelled = Counter((reply.label, found) for reply, found in zip(replies, classes, strict=True) if reply.label)
    if labelled:
        _print_matrix(labelled)


def _print(reply: Reply, lexicons: Sequence[Lexicon], *, as_json: bool) -> str:
    verdict = classify(reply.text, lexicons)
    if as_json:
        data = {"label": reply.label, "locale": reply.locale, "text": reply.text}
        line = json.dumps(data | {"class": verdict.triage, "because": list(verdict.because)}, ensure_ascii=False)
    else:
        also = " (and stops)" if verdict.stops and verdict.triage is not Triage.STOP else ""
        line = f"{verdict.triage}{also}\t{', '.join(verdict.because)}\t{' '.join(reply.text.split())}"
    sys.stdout.write(f"{line}\n")
    return verdict.triage.value


def _read(file: Path) -> Iterator[Reply]:
    """Yield the file's replies. Raises RegistrationError for what is not such a file, with its line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = tuple(next(rows, []))
            if header != HEADER:
                raise RegistrationError(f"{file}:1: the header must be label, locale, text, separated by tabs")
            for row in rows:
                if len(row) != len(HEADER):
                    raise RegistrationError(f"{file}:{rows.line_num}: {len(row)} columns instead of three")
                yield Reply(_label(row[0].strip(), file, rows.line_num), row[1].strip(), row[2])
    except OSError as error:
        raise RegistrationError(f"can't read {file}: {(error.strerror or 'no reason given').lower()}") from None
    except UnicodeDecodeError:
        raise RegistrationError(f"{file}: is not UTF-8: save it as UTF-8") from None


def _label(label: str, file: Path, line: int) -> str:
    if label and label not in set(Triage):
        known = ", ".join(Triage)
        raise RegistrationError(f"{file}:{line}: there is no class {label!r}: it is one of {known}")
    return label


def _print_matrix(counts: Mapping[tuple[str, str], int]) -> None:
    """Print how many of each label (rows) got each class (columns), and what part of each label was found."""
    lines = [("label", *Triage, "recall")]
    for label in Triage:
        row = [counts.get((label, found), 0) for found in Triage]
        if sum(row):
            lines.append((label, *map(str, row), f"{counts.get((label, label), 0) / sum(row):.3f}"))
    for first, *rest in lines:
        sys.stderr.write(f"{first:<13}{''.join(f'{cell:>13}' for cell in rest)}\n")
