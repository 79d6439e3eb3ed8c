"""A clinic's first file, made from the little that is known at the beginning; the rest is left to fill in."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from scheduler.errors import ConfigError
from scheduler.protocols.addresses import (
    read_country,
    read_email,
    read_emergency_number,
    read_language,
    read_mailbox,
    read_phone,
    read_sms_sender,
)
from scheduler.protocols.fields import is_id, read_line
from scheduler.protocols.times import read_zone

_LONGEST_ID = 40


@dataclass(frozen=True, slots=True)
class NewClinic:
    """What is known of a clinic, each as its file says it. Empty: to be filled in."""

    name: str
    timezone: str = ""
    country: str = ""
    languages: Sequence[str] = ()
    phone: str = ""
    emergency_number: str = ""
    sms_from: str = ""
    email_from: str = ""
    on_call: str = ""

    @property
    def id(self) -> str:
        """The file's name without .yaml: the clinic's name in plain letters."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().casefold()
        made = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_ID]
        return made if is_id(made) else "clinic"


_READERS: Mapping[str, Callable[[object], object]] = {
    "name": read_line,
    "timezone": read_zone,
    "country": read_country,
    "phone": read_phone,
    "emergency_number": read_emergency_number,
    "sms_from": read_sms_sender,
    "email_from": read_mailbox,
}


def check_new_clinic(new: NewClinic) -> None:
    """Raise ConfigError for the first value that the clinic's file could not have; what is empty is no fault."""
    if not any(char.isalnum() for char in new.name):
        raise ConfigError("--clinic has no letter or digit in it: write the name as patients know it")
    for name, reader in _READERS.items():
        if value := getattr(new, name):
            _checked(name, reader, value)
    for language in new.languages:
        _checked("languages", read_language, language)
    if new.on_call:
        _checked("on_call", read_email if "@" in new.on_call else read_phone, new.on_call)


def _checked(name: str, reader: Callable[[object], object], value: str) -> None:
    try:
        reader(value)
    except PydanticCustomError as error:
        option = "clinic" if name == "name" else name.replace("_", "-")
        context = error.context or {}
        hint = f" ({context['hint']})" if context.get("hint") else ""
        raise ConfigError(f"--{option} {context.get('message', error)}{hint}") from None


def new_clinic_file(new: NewClinic) -> str:
    """Return the text of the clinic's file. A key that is not known stands there without a value.

    `aftercare check` then names the key and its line: a clinic can't go live with a guess of ours.
    """
    way = "sms" if new.on_call and "@" not in new.on_call else "email"
    return f"""# yaml-language-server: $schema=../.schemas/clinic.json
# A clinic: the file's name without .yaml is its id. What has no value yet is for you to fill in before
# anything is sent; `aftercare check` names each such line. The reference of the configuration explains every key.

name: {_written(new.name)}
timezone: {_written(new.timezone) or _open("the city whose clocks the clinic goes by, such as Europe/Madrid")}
languages: [{", ".join(new.languages)}]{"" if new.languages else _open("the first is the default")}
country: {_written(new.country) or _open("two capital letters, such as CA")}
phone: {_written(new.phone) or _open("what patients call, with + and country code")}
emergency_number: {_written(new.emergency_number) or _open("where the clinic is, such as 911 or 112")}

# What messages come from. For SMS a number with + and country code, a short code, or a name that nobody can answer;
# or `messaging_service: MG…` in its place.
sms:
  from: {_written(new.sms_from) or _open("your number at Twilio")}
email:
  from: {_written(new.email_from) or _open("name and address, such as Rosewood <care@rosewood.example>")}

# Nothing is sent in these hours, counted where the patient lives.
quiet_hours: {{from: "20:00", to: "08:00"}}

# Nothing is sent so soon after a registration, so that a mistake at the desk can be undone.
undo_grace: 3m

# Others may read a phone's screen: unless this is true, a text message never names the treatment.
sms_may_name_treatment: false

# Who gets a patient's worrying answer.
on_call:
  - name: Desk
    {way}: {_written(new.on_call) or _open("who is told; or sms with a number")}
"""


def _written(value: str) -> str:
    """Return a value as YAML: JSON's quotes are YAML's too."""
    return json.dumps(value, ensure_ascii=False) if value else ""


def _open(what: str) -> str:
    return f" # fill in: {what}"
