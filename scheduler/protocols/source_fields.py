"""The fields of `bookings`: names of secrets and headers, places in a JSON body, kinds of booking systems."""

import re
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from scheduler.domain.sources import Encoding, Scheme
from scheduler.protocols.faults import refusal
from scheduler.protocols.fields import choice, one_of, read_line, text_of
from scheduler.protocols.hints import shown
from scheduler.protocols.times import read_date_format

KINDS = ("calcom", "calendly", "acuity", "cliniko", "calendar", "generic")
"""A new kind needs its name and field here, its block in `bookings_file`, its value in `source_building`."""
EPOCHS = ("epoch", "epoch_ms")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,79}", re.ASCII)
_OURS = ("AFTERCARE_", "TWILIO_")
_PATH = re.compile(r"[^\s.]+(\.[^\s.]+)*")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}", re.ASCII)


def read_variable(value: object) -> str:
    """Read the name of an environment variable; a secret itself never stands in a file."""
    text = text_of(value)
    if not _VARIABLE.fullmatch(text):  # the text is not shown: it may be the secret
        hint = "the name of an environment variable, such as LUMIERE_CALCOM_SECRET; the secret itself goes there"
        raise refusal("bad-text", "is not the name of an environment variable", hint)
    if text.startswith(_OURS):
        raise refusal("bad-text", f"is one of Aftercare's own: {text}", "give it a variable of its own")
    return text


def read_path(value: object) -> str:
    """Read where in a JSON body something stands: keys and, from 0, places in lists, with dots between them."""
    text = read_line(value)
    if not _PATH.fullmatch(text):
        raise refusal("bad-text", f"is not a path: {shown(text)}", "keys with dots between, such as payload.start")
    return text


def read_header(value: object) -> str:
    """Read the name of an HTTP header."""
    text = text_of(value)
    if not _HEADER.fullmatch(text):
        raise refusal("bad-text", f"is not the name of a header: {shown(text)}", "such as X-Signature")
    return text


def read_dates(value: object) -> str:
    """Read how instants are written."""
    text = text_of(value)
    return text if text in EPOCHS else read_date_format(text)


def _kind(name: str) -> WithJsonSchema:
    return WithJsonSchema({"const": name, "type": "string"})


_read_kind = PlainValidator(choice({name: name for name in KINDS}))
Variable = Annotated[
    str, PlainValidator(read_variable), WithJsonSchema({"type": "string", "pattern": f"^{_VARIABLE.pattern}$"})
]
Path = Annotated[str, PlainValidator(read_path), WithJsonSchema({"type": "string", "pattern": f"^{_PATH.pattern}$"})]
Header = Annotated[
    str, PlainValidator(read_header), WithJsonSchema({"type": "string", "pattern": f"^{_HEADER.pattern}$"})
]
SchemeField = Annotated[
    Scheme, PlainValidator(choice({it.value: it for it in Scheme})), one_of(it.value for it in Scheme)
]
EncodingField = Annotated[
    Encoding, PlainValidator(choice({it.value: it for it in Encoding})), one_of(it.value for it in Encoding)
]
Dates = Annotated[str, PlainValidator(read_dates), WithJsonSchema({"type": "string"})]

CalcomKind = Annotated[str, _read_kind, _kind("calcom")]
CalendlyKind = Annotated[str, _read_kind, _kind("calendly")]
AcuityKind = Annotated[str, _read_kind, _kind("acuity")]
ClinikoKind = Annotated[str, _read_kind, _kind("cliniko")]
CalendarKind = Annotated[str, _read_kind, _kind("calendar")]
GenericKind = Annotated[str, _read_kind, _kind("generic")]
