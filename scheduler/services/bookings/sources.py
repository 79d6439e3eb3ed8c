"""The booking systems of an installation: which there are, and the secrets that their blocks name."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from scheduler.channels.bookings.errors import AskingError
from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Acuity, Source
from scheduler.errors import SettingsError
from scheduler.protocols.configuration import Configuration
from scheduler.settings import Delivery, Settings, named_secret

SecretOf = Callable[[str], str | None]
"""Gives the value of a variable, None where it is not set. Raises SettingsError."""
Ask = Callable[[str], Any]
"""Asks an API for an address. Raises AskingError, NotThereError."""


def from_environment(name: str) -> str | None:
    """Return a secret that the environment names now, or that stands in the file it names."""
    return named_secret(os.environ, name)


def sources_of(configuration: Configuration) -> Iterator[tuple[Clinic, Source]]:
    """Yield the booking systems of every clinic."""
    for clinic in configuration.clinics.values():
        for source in clinic.bookings:
            yield clinic, source


def find_source(configuration: Configuration, clinic: str, source: str) -> Source | None:
    """Return a clinic's booking system of that id, None where there is none."""
    known = configuration.clinics.get(clinic)
    return next((it for it in known.bookings if it.id == source), None) if known else None


def variables_of(source: Source) -> tuple[str, ...]:
    """Return the variables that a booking system needs."""
    return (source.secret, source.user) if isinstance(source, Acuity) else (source.secret,)


def unset(
    configuration: Configuration, secret_of: SecretOf = from_environment
) -> Iterator[tuple[Clinic, Source, str]]:
    """Yield each variable that a clinic's booking system names and that is not set or can't be read."""
    for clinic, source in sources_of(configuration):
        for name in variables_of(source):
            if not _is_set(name, secret_of):
                yield clinic, source, name


def refuse_unset(settings: Settings, configuration: Configuration, secret_of: SecretOf = from_environment) -> None:
    """Raise SettingsError where live delivery lacks a secret: bookings that are refused are found out too late."""
    if settings.delivery is not Delivery.LIVE:
        return
    for clinic, source, name in unset(configuration, secret_of):
        raise SettingsError(
            f"{name} is not set, and bookings.{source.id} of clinic {clinic.id} names it: set it to the secret of "
            "that booking system, or take the block out"
        )


def needed(secret_of: SecretOf, name: str) -> str:
    """Return a secret that an API is asked with. Raises AskingError: it is looked for again later."""
    try:
        value = secret_of(name)
    except SettingsError as error:
        raise AskingError(f"can't be asked: {error}", code="secret_unreadable", name=name) from None
    if not value:
        raise AskingError(f"can't be asked: {name} is not set", code="secret_missing", name=name)
    return value


def _is_set(name: str, secret_of: SecretOf) -> bool:
    try:
        return bool(secret_of(name))
    except SettingsError:
        return False
