"""Everything that the files say, as values: what the rest of the product works with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from scheduler.domain.advice import Catalogue
from scheduler.domain.clinic import Clinic, OnCall
from scheduler.domain.protocol import Protocol
from scheduler.errors import ConfigError
from scheduler.protocols.approvals import Approvals
from scheduler.protocols.hints import suggest


@dataclass(frozen=True, slots=True)
class Instance:
    """What holds for the whole installation: config/aftercare.yaml."""

    late_after: timedelta = timedelta(minutes=30)
    late_spacing: timedelta = timedelta(minutes=10)
    sms_at_once: int = 64
    emails_at_once: int = 8
    messages_a_day: int = 8
    volume_times: int = 5
    volume_floor: int = 1000
    backlog_percent: int = 50
    backlog_floor: int = 50
    on_call: tuple[OnCall, ...] = ()
    escalate_after: timedelta = timedelta(minutes=10)
    sms_segments: int = 2
    reading_grade: int = 8
    require_approval: bool | None = None
    audit_years: int | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The installation, its clinics by id and its protocols by treatment.

    `overridden` holds the protocols that a clinic changed, by clinic and treatment: ask `protocol_for`.
    `advice` is empty where the folder has no advice.yaml and no step names a tag. `unsound` says of the clinics that
    are left out because of errors in their files, by id, which: only `loader.load_sound` leaves any out.
    """

    instance: Instance
    clinics: Mapping[str, Clinic]
    protocols: Mapping[str, Protocol]
    overridden: Mapping[tuple[str, str], Protocol] = field(default_factory=dict)
    advice: Catalogue = field(default_factory=Catalogue)
    approvals: Approvals = field(default_factory=Approvals)
    unsound: Mapping[str, str] = field(default_factory=dict)

    def clinic(self, clinic_id: str) -> Clinic:
        """Return the clinic. Raises ConfigError that names the nearest one, or what is wrong with its file."""
        try:
            return self.clinics[clinic_id]
        except KeyError:
            self.refuse_unknown_clinic(clinic_id)
            broken = f"the file of clinic {clinic_id!r} is needed for that and can't be used"
            raise ConfigError(f"{broken}: {self.unsound[clinic_id]}: run `aftercare check`") from None

    def refuse_unknown_clinic(self, clinic_id: str) -> None:
        """Raise ConfigError that names the nearest one for a clinic that has no file, sound or not."""
        if clinic_id not in self.clinics and clinic_id not in self.unsound:
            raise ConfigError(_unknown("clinic", clinic_id, {**self.clinics, **self.unsound}))

    @property
    def on_call(self) -> tuple[OnCall, ...]:
        """Everybody who is on call anywhere."""
        return (*self.instance.on_call, *(one for clinic in self.clinics.values() for one in clinic.on_call))

    def requires_approval(self, *, live: bool) -> bool:
        """Whether only what is approved goes out: as the file says, else in live delivery."""
        required = self.instance.require_approval
        return live if required is None else required

    @property
    def longest_merge_window(self) -> timedelta:
        """How far ahead messages may be due that become one with what is due now."""
        return max((clinic.merge_window for clinic in self.clinics.values()), default=timedelta(0))

    def protocol_for(self, clinic_id: str, treatment: str) -> Protocol:
        """Return the treatment's protocol as this clinic has it. Raises ConfigError that names the nearest one."""
        self.clinic(clinic_id)
        if treatment not in self.protocols:
            raise ConfigError(_unknown("treatment", treatment, self.protocols))
        return self.overridden.get((clinic_id, treatment), self.protocols[treatment])


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    hint = suggest(name, sorted(known))
    return f"there is no {what} {name!r} in the configuration{f': {hint}' if hint else ''}"
