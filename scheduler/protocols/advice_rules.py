"""Whether the tags that steps name are in the catalogue, with a text in every language that is spoken."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from scheduler.domain.advice import Catalogue
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.protocols.faults import Fault
from scheduler.protocols.hints import suggest
from scheduler.protocols.nodes import Node

HINT = "it is a tag of advice.yaml"


def names_advice(trees: Sequence[Node]) -> bool:
    """Whether a step of one of these protocols names a tag, or a clinic's overrides do. Looks at trees alone."""
    return any(
        step.find(["advice"]) is not None
        for tree in trees
        for step in (*tree.items("steps"), *_overridden(tree).values())
    )


def step_tag_faults(protocol: Node, catalogue: Catalogue) -> Iterator[Fault]:
    """Yield the tags that a protocol's steps name and the catalogue does not have."""
    for index, step in enumerate(protocol.items("steps")):
        yield from _unknown(step, ("steps", index), catalogue)


def override_tag_faults(clinic: Node, catalogue: Catalogue) -> Iterator[Fault]:
    """Yield the same of a clinic's overrides."""
    for path, step in _overridden(clinic).items():
        yield from _unknown(step, path, catalogue)


def _unknown(step: Node, path: tuple[str | int, ...], catalogue: Catalogue) -> Iterator[Fault]:
    for tag, _ in step.entries("advice"):
        if tag not in catalogue.tags:
            hint = suggest(tag, catalogue.tags) or HINT
            yield Fault((*path, "advice", tag, "[key]"), "unknown-tag", f"there is no advice {tag}", hint)


def _overridden(clinic: Node) -> dict[tuple[str | int, ...], Node]:
    return {
        ("overrides", treatment, step): entry.node
        for treatment, _ in clinic.entries("overrides")
        for step, entry in clinic.entries("overrides", treatment)
    }


def language_faults(
    catalogue: Catalogue, protocols: Sequence[Protocol], clinics: Mapping[str, Clinic]
) -> Iterator[Fault]:
    """Yield the languages that a clinic speaks and an advice in use, or how its end is said, is not written in."""
    used = {advice.tag for protocol in protocols for step in protocol.steps for advice in step.advice}
    if not used:
        return
    said: dict[tuple[str, ...], Mapping[str, str]] = {
        ("tags", tag, "text"): catalogue.tags[tag].text for tag in sorted(used & catalogue.tags.keys())
    }
    said |= {("until", "day"): catalogue.until_day, ("until", "time"): catalogue.until_time}
    speakers = {
        language: name for name, clinic in sorted(clinics.items(), reverse=True) for language in clinic.languages
    }
    for path, texts in said.items():
        for language in sorted(speakers.keys() - texts.keys()):
            message = f"has nothing in {language}, which clinic {speakers[language]} speaks"
            yield Fault(path, "missing-advice", message, f"add {language}: …")


def source_faults(catalogue: Catalogue, rows: Collection[str] | None) -> Iterator[Fault]:
    """Yield the rows that a catalogue names and the sources do not have; none where those can't be read (None)."""
    for name, tag in catalogue.tags.items():
        for index, row in enumerate(tag.sources):
            if rows is not None and row not in rows:
                path = ("tags", name, "sources", index)
                yield Fault(path, "unknown-source", f"there is no row {row}", suggest(row, rows))
