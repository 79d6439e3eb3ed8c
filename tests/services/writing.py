"""Staff of these tests write to patients."""

from itertools import count

from scheduler.content.templates import Texts
from scheduler.domain.protocol import Channel
from scheduler.services.desk_messages import Draft, write
from scheduler.services.desk_ways import Way, ways_to_patient, ways_to_writer
from scheduler.store.database import Tx
from scheduler.store.desk_messages import DeskMessage
from scheduler.store.patients import get_patient
from scheduler.store.replies import get_reply
from tests.services.house import House

_forms = count(1)


def form() -> str:
    return f"form-of-these-tests-{next(_forms)}"


def way_back(house: House, tx: Tx, reply_id: int, channel: Channel) -> Way:
    reply = get_reply(tx, reply_id)
    patient = get_patient(tx, reply.patient_id) if reply.patient_id else None
    clinic = house.configuration.clinic(reply.clinic or "north")
    found = ways_to_writer(tx, clinic, reply, patient, now=house.clock.now())
    return next(it for it in found if it.channel is channel)


def answer_by_hand(
    house: House,
    reply_id: int,
    words: str = "Please use a cold pack.",
    *,
    channel: Channel = Channel.SMS,
    by: str = "user:anna",
    form_id: str = "",
    **more: object,
) -> DeskMessage:
    """Let somebody answer a reply now."""
    draft = Draft(form_id or form(), words, **{"subject": "Your question", **more})  # type: ignore[arg-type]  # by their names
    with house.store.write() as tx:
        way = way_back(house, tx, reply_id, channel)
        return write(tx, Texts(house.texts_dir), way, draft, by=by, now=house.clock.now())


def write_by_hand(
    house: House, patient: int, words: str, *, channel: Channel = Channel.SMS, **more: object
) -> DeskMessage:
    """Let somebody write to a patient now, without a reply before it."""
    draft = Draft(form(), words, **{"subject": "About your visit", **more})  # type: ignore[arg-type]  # by their names
    with house.store.write() as tx:
        known = get_patient(tx, patient)
        found = ways_to_patient(tx, house.configuration.clinic(known.clinic), known, now=house.clock.now())
        way = next(it for it in found if it.channel is channel)
        return write(tx, Texts(house.texts_dir), way, draft, by="user:anna", now=house.clock.now())
