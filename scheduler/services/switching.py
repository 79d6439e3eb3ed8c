"""From which version of its protocol to which a visit would go, and by which edits: pinned ones are left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scheduler.domain.edits import Edit, EditKind, edits
from scheduler.domain.protocol import AfterReply, Protocol
from scheduler.domain.versions import in_force
from scheduler.protocols.configuration import Configuration
from scheduler.store.appointments import StoredAppointment
from scheduler.store.in_flight import Group

Pinned = frozenset[tuple[str, str]]
"""Which edits those in flight do not follow: treatment and step of each."""


@dataclass(frozen=True, slots=True)
class Switch:
    """What changes for the visits that go by one version of a protocol (and have the same pins).

    `before` is in force until now, `after` from then on: the clinic's file, with what is pinned as it was. `edits`
    are all steps in which the file differs, `follows` those that are not pinned by this plan. `pins` are what a
    visit's are to be afterwards: of steps pinned by this plan, and of those pinned before that the file has not
    changed since. `edited` is `after` with the steps of `follows` alone.
    """

    before: Protocol
    after: Protocol
    edits: tuple[Edit, ...]
    follows: Mapping[str, Edit]
    pins: Mapping[str, str]
    edited: Protocol

    @property
    def renamed(self) -> Mapping[str, str]:
        """The old names of steps that have a new one, by that; none of which either is pinned."""
        new = {it.step: it.renamed for it in self.follows.values() if it.kind is EditKind.ADDED and it.renamed}
        return {step: old for step, old in new.items() if old in self.follows}

    @property
    def touches_follow_ups(self) -> bool:
        """Whether it edits a step that only a reply brings about."""
        both = [step for it in self.follows.values() for step in (it.before, it.after) if step]
        return any(isinstance(step.timing, AfterReply) for step in both)


def switch_of_step(before: Protocol, protocol: Protocol, pinned: Mapping[str, Protocol], step: str) -> Switch | None:
    """Return what changes for one step that went by `before` in a visit that goes by `protocol` and those pins.

    None where both have it alike.
    """
    after = in_force(protocol, pinned)
    found = tuple(it for it in edits(before, after) if it.step == step)
    if not found:
        return None
    pins = {name: version.digest for name, version in pinned.items()}
    steps = tuple(it for it in after.steps if it.id == step)
    return Switch(before, after, found, {step: found[0]}, pins, replace(after, steps=steps))


@dataclass(slots=True)
class Switches:
    """Finds the switch of each visit; `versions` are those that visits go by. Make it anew for other files."""

    configuration: Configuration
    versions: Mapping[str, Protocol]
    pinned: Pinned = frozenset()
    _known: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], Switch | None] = field(default_factory=dict)

    def of(self, visit: StoredAppointment) -> Switch | None:
        """Return what changes for a visit; None where its version is the file's, is not kept, or has no file."""
        return self._of(visit.clinic, visit.treatment, visit.protocol_digest or "", visit.pins)

    def of_group(self, group: Group) -> Switch | None:
        """Return what changes for the visits of a group."""
        return self._of(group.clinic, group.treatment, group.digest, group.pins)

    def old_digests(self) -> frozenset[str]:
        """Return the versions that some clinic's file no longer says, or never did."""
        return frozenset(
            digest
            for digest, version in self.versions.items()
            if any(self._file_digest(clinic, version.treatment) != digest for clinic in self.configuration.clinics)
        )

    def _file_digest(self, clinic: str, treatment: str) -> str | None:
        if treatment not in self.configuration.protocols:
            return None
        return self.configuration.protocol_for(clinic, treatment).digest

    def _of(self, clinic: str, treatment: str, digest: str, pins: Mapping[str, str]) -> Switch | None:
        key = (clinic, treatment, digest, tuple(sorted(pins.items())))
        if key not in self._known:
            self._known[key] = self._find(clinic, treatment, digest, pins)
        return self._known[key]

    def _find(self, clinic: str, treatment: str, digest: str, pinned: Mapping[str, str]) -> Switch | None:
        known = clinic in self.configuration.clinics and treatment in self.configuration.protocols
        old = self.versions.get(digest)
        if old is None or not known:
            return None
        file = self.configuration.protocol_for(clinic, treatment)
        if file.digest == digest:
            return None
        before = in_force(old, self._versions_of(pinned))
        # A step that was pinned once stays so until the file changes it again.
        since = {edit.step for edit in edits(old, file)}
        kept = {step: pin for step, pin in pinned.items() if step not in since}
        found = edits(before, in_force(file, self._versions_of(kept)))
        pins = kept | {it.step: pinned.get(it.step, digest) for it in found if self._is_pinned(it)}
        after = in_force(file, self._versions_of(pins))
        follows = {it.step: it for it in found if not self._is_pinned(it)}
        steps = tuple(step for step in after.steps if step.id in follows)
        return Switch(before, after, found, follows, pins, replace(after, steps=steps))

    def _is_pinned(self, edit: Edit) -> bool:
        return (edit.treatment, edit.step) in self.pinned

    def _versions_of(self, pins: Mapping[str, str]) -> Mapping[str, Protocol]:
        return {step: self.versions[digest] for step, digest in pins.items() if digest in self.versions}
