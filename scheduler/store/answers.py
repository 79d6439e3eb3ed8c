"""Answers that still wait to go out, and that what was written since makes wrong."""

from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.reasons import because
from scheduler.domain.states import Cause, Status
from scheduler.store.database import Tx
from scheduler.store.moves import Move
from scheduler.store.names import phone_hash
from scheduler.store.tables import IS_SCHEDULED, messages, replies
from scheduler.store.transitions import move_all


def withdraw_answers(tx: Tx, number: str, template: str, *, now: datetime, by: str) -> list[int]:
    """Cancel the answers of a template to what that number wrote, where they still wait. The caller commits.

    What an engine has in its hands at the moment goes out: it is left alone, and waited for by nobody.
    """
    wrote = sa.select(replies.c.id).where(replies.c.sender_hash == phone_hash(tx.vault, number))
    waiting = sa.select(messages.c.id).where(
        IS_SCHEDULED,
        messages.c.kind == MessageKind.ANSWER,
        messages.c.step == template,
        messages.c.reply_id.in_(wrote),
    )
    if tx.dialect == "postgresql":
        waiting = waiting.with_for_update(skip_locked=True)
    ids = list(tx.connection.execute(waiting.order_by(messages.c.id)).scalars())
    reasons = (because("worse_since"),)
    moves = [Move(it, Status.SCHEDULED, Cause.CANCEL, Status.CANCELLED, by=by, reasons=reasons) for it in ids]
    return move_all(tx, moves, now=now)
