"""What config/triage/<language>.yaml may say: the words that a reply is classed by."""

from typing import Annotated

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from scheduler.domain.lexicon import Kind, Lexicon
from scheduler.domain.phrases import Phrase, phrase
from scheduler.domain.wording import plain_word
from scheduler.protocols.addresses import Language
from scheduler.protocols.blocks import Block
from scheduler.protocols.faults import refusal
from scheduler.protocols.fields import read_line, text_of
from scheduler.protocols.hints import shown


def read_phrase(value: object, info: ValidationInfo) -> Phrase:
    """Read a phrase of triage, with the groups of words that stand above it in the file."""
    text = text_of(value)
    try:
        return phrase(text, info.data.get("words", {}))
    except ValueError as error:
        raise refusal("bad-phrase", f"{error}: {shown(text)}", "the grammar stands at the top of en.yaml") from None


def read_words(value: object) -> str:
    """Read words that stand as they are, made plain: no case, no accents."""
    return " ".join(plain_word(word) for word in read_line(value).split())


PhraseField = Annotated[Phrase, PlainValidator(read_phrase), WithJsonSchema({"type": "string"})]
Words = Annotated[str, PlainValidator(read_words), WithJsonSchema({"type": "string"})]


class AloneBlock(Block):
    """Keywords that are a whole reply."""

    stop: list[Words] = Field(description="No more messages.")
    start: list[Words] = Field(description="Messages again.")
    help: list[Words] = Field(description="Who writes, and how to reach them.")


class AnswersBlock(Block):
    """What the three answers of a check are called, as words or digits."""

    fine: list[Words] = Field(description="Better.")
    concern: list[Words] = Field(description="The same.")
    urgent: list[Words] = Field(description="Worse.")
    before: list[Words] = Field(default=[], description='Words that may stand before an answer: "answer 1".')


class TriageFile(Block):
    """config/triage/<language>.yaml."""

    language: Language = Field(description="The language of these words; the file is called like it.")
    alone: AloneBlock = Field(description="Keywords that are a whole reply.")
    answers: AnswersBlock = Field(description="What the three answers of a check are called.")
    counted: list[Words] = Field(
        default=[], description="Words after which a number is neither answer nor temperature."
    )
    known: list[Words] = Field(default=[], description="Real words that are no misspelling of a word in this file.")
    words: dict[str, list[Words]] = Field(default={}, description="Groups of words that phrases name: `<face>`.")
    ignore: list[PhraseField] = Field(default=[], description="Manners: read as if they were not there.")
    alarm: list[PhraseField] = Field(
        description='A person sees it at once, whatever stands beside it: "can\'t breathe".'
    )
    urgent: list[PhraseField] = Field(description='A person sees it at once, unless it is taken back: "no fever".')
    sign: list[PhraseField] = Field(description="Something of skin or body: a concern; urgent beside a strong word.")
    strong: list[PhraseField] = Field(description="Makes a sign beside it urgent.")
    concern: list[PhraseField] = Field(description="Not well, or no change.")
    fine: list[PhraseField] = Field(description="Well, or better; a concern where it is denied.")
    light: list[PhraseField] = Field(description='Small words: a "not" passes them: "no sign of any fever".')
    harmless: list[PhraseField] = Field(
        description='Says nothing of how it is: beside "fine" only such words may stand.'
    )
    body: list[PhraseField] = Field(
        description="Parts of the body, pain: what no word here explains of them is urgent."
    )
    undo: list[PhraseField] = Field(
        default=[], description='A "not" in its clause takes nothing back: "never had fever like this".'
    )
    affirm: list[PhraseField] = Field(
        default=[], description='Ends a clause: a "not" before it takes nothing back: "no fever before, now yes".'
    )
    past: list[PhraseField] = Field(
        default=[], description='A time that is over: what is denied or fine then is not so now: "good yesterday".'
    )
    unsure: list[PhraseField] = Field(default=[], description='Takes the certainty out of "fine": a person answers.')
    question: list[PhraseField] = Field(description="A person answers.")
    stop: list[PhraseField] = Field(description="No more messages, in free words.")
    start: list[PhraseField] = Field(default=[], description="Messages again, in free words.")
    wrong_number: list[PhraseField] = Field(description="It is not the patient's number.")
    not_: list[PhraseField] = Field(alias="not", description="Takes back the sign that follows over light words.")
    gone: list[PhraseField] = Field(description="Takes back the sign beside it.")
    but: list[PhraseField] = Field(description='Ends what a "not" reaches.')
    or_: list[PhraseField] = Field(alias="or", description='Carries a "not" on from one sign to the next.')


def build_lexicon(file: TriageFile) -> Lexicon:
    """Return the words as triage takes them."""
    return Lexicon(
        language=str(file.language),
        phrases={kind: tuple(getattr(file, _NAMES.get(kind, kind.value))) for kind in Kind},
        alone={name: frozenset(getattr(file.alone, name)) for name in ("stop", "start", "help")},
        answers={name: frozenset(getattr(file.answers, name)) for name in ("fine", "concern", "urgent", "before")},
        counted=frozenset(file.counted),
        known=frozenset(file.known),
    )


_NAMES = {Kind.NOT: "not_", Kind.OR: "or_"}
