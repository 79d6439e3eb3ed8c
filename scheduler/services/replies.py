"""What others do with replies: an answer from a patient's page is taken in, a person says that one is dealt with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.consequences import Who
from scheduler.domain.lexicon import Lexicon
from scheduler.domain.triage import Triage, Verdict
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import close_alerts_of_reply
from scheduler.services.asking import Writer
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.database import Tx
from scheduler.store.patients import get_patient
from scheduler.store.replies import PAGE, find_reply, mark_reply_handled
from scheduler.store.writers import Owner


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """How an answer from the page was read, for what the page says then. `stops`: texts to the patient end."""

    triage: Triage
    stops: bool


def take_page_answer(
    tx: Tx,
    configuration: Configuration,
    lexicons: Sequence[Lexicon],
    *,
    patient_id: int,
    message_id: int | None,
    text: str,
    form_id: str,
    received_at: datetime,
    by: str,
    ticked: Verdict | None = None,
) -> PageAnswer:
    """Take in what a patient ticked and wrote on the page about the question `message_id`, None where it has closed.

    `form_id` is the same for a form that is sent twice: with the same content it is taken in once. It is triaged,
    kept, told of and planned after like a text; the page itself is the answer. `ticked` is the least that it counts
    as, whatever the words.
    The caller commits. Raises NotFoundError, KeysError, or ConfigError where the patient's clinic is not configured.
    """
    patient = get_patient(tx, patient_id)
    clinic = configuration.clinic(patient.clinic)
    owner = Owner(patient.id, patient.clinic, patient.language)
    incoming = Incoming(
        unique_id=f"page/{form_id}/{_content(tx, text, ticked)}",
        source=PAGE,
        sender=patient.phone or "",
        receiver="",
        service="",
        body=text,
        received_at=received_at,
        ticked=ticked,
    )
    writer = Writer(Who.KNOWN, clinic, (clinic,), (owner,), message_id)
    desk = ReplyDesk(configuration, lambda: lexicons, by)
    taken = desk.take_in(tx, incoming, now=received_at, writer=writer)
    if taken:
        return PageAnswer(taken.triage, taken.stops)
    before = find_reply(tx, incoming.unique_id)
    return PageAnswer(before.triage, before.stops)


def _content(tx: Tx, text: str, ticked: Verdict | None) -> str:
    """Return a digest of what was sent, by which nobody without the key can guess it."""
    said = json.dumps([text, ticked and [ticked.triage, ticked.because]])
    return tx.vault.sign(said.encode(), of="reply.form").hex()[:32]


def deal_with(tx: Tx, reply_id: int, *, by: str, now: datetime) -> bool:
    """Note that a person dealt with a reply, and close what was raised for it; False when somebody had.

    The caller commits. Raises NotFoundError.
    """
    close_alerts_of_reply(tx, reply_id, by=by, now=now)
    return mark_reply_handled(tx, reply_id, now=now, by=by)
