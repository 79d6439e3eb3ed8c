"""Whether a notice goes out: an answer to a patient, a text that a person wrote, or what tells staff of an alert."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.brakes import Pause
from scheduler.domain.circuit import look_again
from scheduler.domain.consent import address_of
from scheduler.domain.notice import PASS_PAUSES, PASS_STOPS, MessageKind, is_stop_confirmation
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because
from scheduler.domain.refusal import until_mended
from scheduler.domain.situation import Decision, Kind
from scheduler.domain.states import Brake


@dataclass(frozen=True, slots=True)
class NoticeSituation:
    """What is looked up as a notice goes out.

    `template` names its text. `over`: its alert was taken or closed. `sent_from`: its clinic has a sender on that
    channel. Of a text that a person wrote: `answers` somebody who wrote to us from that address, `unwanted` is why
    the patient may not be written to there, `allowed_at` when quiet hours let it go; `overtaken`: the patient wrote
    since then that it goes badly. The rest as in `Situation`.
    """

    kind: MessageKind
    origin: str
    template: str
    channel: Channel
    useful_until: datetime
    stopped: bool = False
    over: bool = False
    sent_from: bool = True
    template_error: str | None = None
    paused: Mapping[Channel, Pause] | None = None
    refusing: Mapping[Channel, str] | None = None
    answers: bool = False
    unwanted: Reason | None = None
    overtaken: bool = False
    allowed_at: tuple[datetime, tuple[Reason, ...]] | None = None

    @property
    def keeps_stops(self) -> bool:
        """Whether a stop keeps it back: staff are told whatever holds, and so is who wrote for help."""
        may_pass = self.template in PASS_STOPS or is_stop_confirmation(self.origin)
        return self.kind is not MessageKind.ALERT and not may_pass

    @property
    def pause(self) -> Pause | None:
        """The pause that keeps it back, if one does."""
        pause = (self.paused or {}).get(self.channel)
        return pause if pause and heeds(pause, self.kind, self.template, answers=self.answers) else None


def heeds(pause: Pause, kind: MessageKind, template: str, *, answers: bool) -> bool:
    """Whether a pause keeps a notice back.

    Staff are told whatever is paused. A person's answer to somebody who wrote passes a pause of that patient: that
    keeps the machine still, not people. A wider pause, of a sender that went wrong or of everything, holds it too.
    """
    if kind is MessageKind.DESK:
        return not (answers and pause.scope.patient is not None)
    return kind is MessageKind.ANSWER and template not in PASS_PAUSES


def decide_notice(notice: NoticeSituation, *, now: datetime) -> Decision:
    """Decide whether a notice goes out at `now`; the first that keeps it back counts.

    A patient who just wrote gets the answer in quiet hours too, and however many other messages there were. Stops
    and pauses keep answers back, but not the one that says whom to call at once; a stop does not keep back the one to
    a call for help either. Staff are told whatever is paused. What a person writes keeps to quiet hours unless that
    person said otherwise, and to all that the patient said of consent unless it answers there.
    """
    return _is_needless(notice, now) or _waits(notice, now) or Decision(Kind.SEND, at=now)


def _is_needless(notice: NoticeSituation, now: datetime) -> Decision | None:
    if now >= notice.useful_until:
        return Decision(Kind.EXPIRE, (because("not_useful", until_at=notice.useful_until),))
    if notice.over:
        return Decision(Kind.SUPPRESS, (because("alert_over"),))
    if notice.stopped and notice.keeps_stops:
        return Decision(Kind.SUPPRESS, (because("stopped", address=address_of(notice.channel)),))
    if notice.unwanted:
        return Decision(Kind.SUPPRESS, (notice.unwanted,))
    if notice.overtaken:
        return Decision(Kind.SUPPRESS, (because("wrote_since"),))
    return None


def _waits(notice: NoticeSituation, now: datetime) -> Decision | None:
    if not notice.sent_from:
        reason = because("no_sender", channel=notice.channel.value)
        return until_mended(reason, now=now, useful_until=notice.useful_until)
    if notice.template_error is not None:
        reason = because("no_template", error=notice.template_error)
        return until_mended(reason, now=now, useful_until=notice.useful_until)
    if notice.allowed_at and notice.allowed_at[0] > now:
        return Decision(Kind.WAIT, notice.allowed_at[1], notice.allowed_at[0])
    if pause := notice.pause:
        until = notice.useful_until
        at = look_again(now, useful_until=until) if notice.kind is MessageKind.DESK else until
        return Decision(Kind.WAIT, (pause.reason,), at, brake=Brake.PAUSE)
    if error := (notice.refusing or {}).get(notice.channel):
        at = look_again(now, useful_until=notice.useful_until)
        return Decision(Kind.WAIT, (because("circuit", error=error),), at, brake=Brake.CIRCUIT)
    return None
