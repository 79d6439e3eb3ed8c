"""Warns of each step and text that nobody approved, where it stands: for `check`, which CI can be strict about."""

from collections.abc import Iterator
from pathlib import Path

from scheduler.content.templates import Texts
from scheduler.protocols.folder import ADVICE, own_or_shipped
from scheduler.protocols.lint.sound import Planned, Sound
from scheduler.protocols.problems import Problem
from scheduler.services.approving import Approving, Item, Part

_HINT = "once a clinician has read it: `aftercare approve {treatment} --by NAME --role ROLE`"


def unapproved(sound: Sound, texts: Texts, config_dir: Path) -> Iterator[Problem]:
    """Yield a warning for each; a text that several treatments use is one for the first of them."""
    approving, told = Approving(sound.configuration, texts), set[tuple[str, str]]()
    for treatment in sound.configuration.protocols:
        for item in approving.items(treatment):
            if item.approved or (item.name, item.digest) in told:
                continue
            hint = _HINT.format(treatment=treatment)
            if item.part is Part.STEP:
                yield _of_step(sound, treatment, item, hint)
            else:
                told.add((item.name, item.digest))
                yield _of_text(item, config_dir, hint)


def _of_step(sound: Sound, treatment: str, item: Item, hint: str) -> Problem:
    name, _, clinic = item.name.partition("@")
    place = sound.configuration.clinic(clinic or next(iter(sound.configuration.clinics)))
    protocol = sound.configuration.protocols[treatment]
    if clinic:
        protocol = sound.configuration.protocol_for(clinic, treatment)
    step = protocol.step(name)
    assert step, "it was found there"
    message = f"the step is not approved{f' as {clinic} has it' if clinic else ''}"
    return sound.problem(Planned(place, protocol), step, "id", code="unapproved", message=message, hint=hint)


def _of_text(item: Item, config_dir: Path, hint: str) -> Problem:
    file = item.file or own_or_shipped(config_dir, ADVICE)
    message = "the text is not approved"
    return Problem(file=file, code="unapproved", key=item.name, message=message, hint=hint, severity="warning")
