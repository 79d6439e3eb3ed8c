"""A text that a person of the clinic wrote to a patient: the words, and how they are to go out."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeskText:
    """What a person wrote. It is kept sealed: the words are a patient's matter, and so is our number in its thread.

    `by` wrote it, for the record. `in_thread`: it goes to where somebody wrote to us from. `at_once`: quiet hours
    don't keep it. `subject` is an email's. `sent_from` is our number that was written to, "" where none was;
    `references` are the Message-IDs of the emails that it follows, the oldest first. `html` is that of an email
    that is sent as a test, as its template has it; "" for what a person wrote.
    """

    words: str = field(repr=False)
    by: str
    in_thread: bool = False
    at_once: bool = False
    subject: str = field(default="", repr=False)
    sent_from: str = ""
    references: tuple[str, ...] = ()
    html: str = field(default="", repr=False)

    def dump(self) -> str:
        """Return it as the text that is sealed."""
        return json.dumps(
            {
                "words": self.words,
                "by": self.by,
                "in_thread": self.in_thread,
                "at_once": self.at_once,
                "subject": self.subject,
                "sent_from": self.sent_from,
                "references": self.references,
                "html": self.html,
            },
            ensure_ascii=False,
        )


def load_desk_text(dumped: str) -> DeskText:
    """Read what `DeskText.dump` wrote."""
    values = json.loads(dumped)
    return DeskText(**{**values, "references": tuple(values["references"])})
