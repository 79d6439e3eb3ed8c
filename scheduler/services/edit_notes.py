"""What is to be known of an edit before it is applied: that nobody approved it, or that consent is another's."""

from collections.abc import Iterator, Sequence

from scheduler.protocols.configuration import Configuration
from scheduler.services.approver import Approver
from scheduler.services.planner import InFlightEdit


def unapproved_of(edit: InFlightEdit, approver: Approver) -> tuple[str, ...]:
    """Return what nobody approved of a step as the files have it, each by its name, at the clinics of the edit.

    Empty for a step that is gone. Whether approval is required is `approver.required`.
    """
    step, treatment, configuration = edit.edit.after, edit.edit.treatment, approver.configuration
    if step is None:
        return ()
    found = [
        approver.lacking_of(treatment, step, channel, language)
        for language in _languages(configuration, edit.clinics)
        for channel in step.channels
    ]
    return tuple(dict.fromkeys(dict(it.params)["what"] for it in found if it))


def notes_of(edit: InFlightEdit, approver: Approver) -> Iterator[str]:
    """Yield a clause for each thing that those in flight who follow an edit should not be surprised by."""
    if edit.pinned:
        return
    if approver.required and (lacking := unapproved_of(edit, approver)):
        rest = f" and {len(lacking) - 1:,} more" if len(lacking) > 1 else ""
        treatment = edit.edit.treatment
        yield f"not approved ({lacking[0]}{rest}): nothing of it is sent until `aftercare approve {treatment}`"
    before, after = edit.edit.before, edit.edit.after
    if before and after and before.purpose != after.purpose:
        yield f"consent is per purpose: whether a patient may get it as {after.purpose} is decided at the send"


def _languages(configuration: Configuration, clinics: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(it for clinic in clinics for it in configuration.clinic(clinic).languages))
