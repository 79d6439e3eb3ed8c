"""Words for what became of a visit that mean the same in every booking system; others a clinic's file maps itself."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from scheduler.domain.appointment import AppointmentStatus

# Left out on purpose: “rescheduled” is the old row of a visit in one system and the moved visit itself in another;
# “pending”, “tentative”, “unconfirmed” and “waitlist” may never take place; “absent” may be the practitioner.
_WORDS: Mapping[AppointmentStatus, tuple[str, ...]] = {
    AppointmentStatus.BOOKED: (
        "booked", "confirmed", "scheduled", "accepted", "arrived", "checked in", "in progress",
        "confirmé", "confirmée", "réservé", "réservée", "planifié", "planifiée", "arrivé", "arrivée",
        "confirmado", "confirmada", "reservado", "reservada", "programado", "programada", "agendado", "agendada",
    ),
    AppointmentStatus.COMPLETED: (
        "completed", "complete", "attended", "fulfilled",
        "terminé", "terminée", "effectué", "effectuée", "réalisé", "réalisée",
        "completado", "completada", "realizado", "realizada", "finalizado", "finalizada", "atendido", "atendida",
        "asistió",
    ),
    AppointmentStatus.CANCELLED: (
        "cancelled", "canceled", "late cancelled", "late canceled", "late cancel", "late cancellation",
        "annulé", "annulée", "annulé tardivement", "annulée tardivement", "annulation tardive",
        "cancelado", "cancelada", "anulado", "anulada", "cancelación tardía",
    ),
    AppointmentStatus.NO_SHOW: (
        "no show", "noshow", "no showed", "did not attend", "did not show", "did not show up",
        "non présenté", "non présentée", "ne s'est pas présenté", "ne s'est pas présentée",
        "no asistió", "no acudió", "no se presentó", "no presentado", "no presentada",
    ),
}  # fmt: skip
_BY_WHOM = frozenset({"cancelled by", "canceled by", "annulé par", "annulée par", "cancelado por", "cancelada por"})


def status_of(text: str) -> str:
    """Return our status that a word means whatever its case, accents, hyphens and blanks; "" for any other word."""
    return _status_of(_plain(text))


@lru_cache(maxsize=256)
def _status_of(plain: str) -> str:
    if found := _MEANINGS.get(plain, ""):
        return found
    # Whoever cancelled it, it does not take place.
    return AppointmentStatus.CANCELLED if plain.startswith(_CANCELLED_BY) else ""


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (char if char.isalnum() else " " for char in letters if not unicodedata.combining(char))
    return " ".join("".join(kept).split())


_MEANINGS = {_plain(word): status.value for status, words in _WORDS.items() for word in words}
_CANCELLED_BY = tuple(f"{_plain(words)} " for words in sorted(_BY_WHOM))
