"""Finds the text of a step in a language, checks it, compiles it, and keeps it."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from scheduler.content.engine import CompiledText
from scheduler.content.faults import Fault, TemplateFaultError
from scheduler.content.source import Source, read_source, split_email
from scheduler.domain.protocol import Channel

FILES = {Channel.SMS: "sms.txt", Channel.EMAIL: "email.md"}
FOOTER = "footer.md"
FIRST_CONTACT = "first_contact.txt"
_STEP = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class SmsText:
    """A compiled sms.txt. `digest` changes whenever the file does."""

    file: Path
    body: CompiledText
    digest: str


@dataclass(frozen=True, slots=True)
class EmailText:
    """A compiled email.md with the language's footer. `digest` changes whenever one of the two files does."""

    file: Path
    subject: CompiledText
    preheader: CompiledText
    body: CompiledText
    footer: CompiledText
    digest: str


_Text = TypeVar("_Text", SmsText, EmailText)


class Texts:
    """The texts below a templates folder. Each is read once, at its first use: make a new one to see edits.

    `read` gives a file's source otherwise: `content.kept` reads all files at one moment.

    Every method raises TemplateFaultError with file, line and what to do. A fault is not kept: the file is read
    again at the next use, so a mended text works at once.
    """

    def __init__(self, folder: Path, read: Callable[[Path], Source] = read_source) -> None:
        self._folder = folder
        self._read = read
        self._sms: dict[tuple[str, str], SmsText] = {}
        self._emails: dict[tuple[str, str], EmailText] = {}
        self._firsts: dict[tuple[str, str], SmsText] = {}

    def file(self, template: str, language: str, channel: Channel) -> Path:
        """Return where the text of a step's template lies, whether it is there or not."""
        return self._of_language(language, template) / template / FILES[channel]

    def first_contact_file(self, language: str) -> Path:
        """Return where the line under a first text lies, whether it is there or not."""
        return self._of_language(language) / FIRST_CONTACT

    def sms(self, template: str, language: str) -> SmsText:
        """Return the SMS of a step's template in a language."""
        return _kept(
            self._sms, (template, language), lambda: _sms(self._read, self.file(template, language, Channel.SMS))
        )

    def email(self, template: str, language: str) -> EmailText:
        """Return the email of a step's template in a language."""
        return _kept(
            self._emails,
            (template, language),
            lambda: _email(self._read, self.file(template, language, Channel.EMAIL)),
        )

    def first_contact(self, language: str) -> SmsText:
        """Return the line that stands under the first text to a number: how to stop, and how to get help."""
        return _kept(
            self._firsts, (FIRST_CONTACT, language), lambda: _sms(self._read, self.first_contact_file(language))
        )

    def footer(self, language: str) -> CompiledText:
        """Return the footer under all emails of a language."""
        source = self._read(self._of_language(language) / FOOTER)
        return _footer(source.text, source.file)

    def _of_language(self, language: str, template: str = "any") -> Path:
        if not _STEP.fullmatch(template) or not _LANGUAGE.fullmatch(language):
            hint = "a template is named like redness_check, a language like fr"
            raise TemplateFaultError(Fault(self._folder, 1, "missing-template", "there is no such text", hint))
        return self._folder / language


def _kept(known: dict[tuple[str, str], _Text], key: tuple[str, str], make: Callable[[], _Text]) -> _Text:
    if key not in known:
        known[key] = make()
    return known[key]


def _sms(read: Callable[[Path], Source], file: Path) -> SmsText:
    source = read(file)
    return SmsText(file, CompiledText(source.text, file), digest_of(source.digest))


def _email(read: Callable[[Path], Source], file: Path) -> EmailText:
    source, footer = read(file), read(file.parent.parent / FOOTER)
    fields, body = split_email(source)
    return EmailText(
        file=file,
        subject=CompiledText(fields["subject"].text, file, line=fields["subject"].line),
        preheader=CompiledText(fields["preheader"].text, file, line=fields["preheader"].line),
        body=CompiledText(body.text, file, line=body.line, markdown=True),
        footer=_footer(footer.text, footer.file),
        digest=digest_of(source.digest, footer.digest),
    )


@lru_cache(maxsize=64)
def _footer(text: str, file: Path) -> CompiledText:
    """Compile a language's footer once for all its emails."""
    return CompiledText(text, file, markdown=True)


def digest_of(*digests: str) -> str:
    """Return one digest of several: of the digests, so that nothing can move from one file to the next unseen."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()
