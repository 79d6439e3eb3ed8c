"""Fields that say who and where: languages, countries, phone numbers, email and web addresses, senders."""

import re
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit

import phonenumbers
from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email
from pydantic import PlainValidator, WithJsonSchema

from scheduler.domain.clinic import EmailSender, SmsSender
from scheduler.protocols.faults import refusal
from scheduler.protocols.fields import read_line, text_of
from scheduler.protocols.hints import nearest, shown

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}", re.ASCII)
_SHORT_CODE = re.compile(r"\d{5,6}", re.ASCII)
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}", re.ASCII)
_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_EMERGENCY = re.compile(r"\d{2,6}", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_HERE = ("127.0.0.1", "::1")
_COUNTRY_ALIASES = {"UK": "GB", "USA": "US"}


def read_language(value: object) -> str:
    """Read a language code as BCP 47 writes it, one that Babel has dates and numbers for."""
    text = text_of(value)
    try:
        known = str(Locale.parse(text.replace("_", "-"), sep="-")).replace("_", "-")
    except (UnknownLocaleError, ValueError):
        known = ""
    if known != text:
        near = known or _languages_by_name().get(text.casefold())
        hint = f"did you mean {near}?" if near else "such as en, fr, es or fr-CA"
        raise refusal("bad-language", f"is not a language code: {shown(text)}", hint)
    return text


@cache
def _languages_by_name() -> dict[str, str]:
    """Language codes by their English names and, for the common ones, by their own."""
    names = {str(name).casefold(): str(code) for code, name in Locale("en").languages.items() if "_" not in code}
    own = {str(Locale(code).display_name).casefold(): code for code in ("en", "fr", "es", "de", "it", "pt", "nl")}
    return names | own


def read_country(value: object) -> str:
    """Read an ISO 3166-1 alpha-2 code that has a numbering plan."""
    text = text_of(value)
    if text in phonenumbers.SUPPORTED_REGIONS:
        return text
    upper = text.upper()
    known = _COUNTRY_ALIASES.get(upper) or (
        upper if upper in phonenumbers.SUPPORTED_REGIONS else _country_named(text)
    )
    hint = f"did you mean {known}?" if known else "two capital letters, such as CA or ES"
    raise refusal("bad-country", f"is not a country code: {shown(text)}", hint)


def _country_named(name: str) -> str | None:
    by_name = {
        str(said): code
        for locale in ("es", "fr", "en")
        for code, said in Locale(locale).territories.items()
        if code in phonenumbers.SUPPORTED_REGIONS
    }
    near = nearest(name, by_name)
    return by_name[near] if near else None


def read_phone(value: object) -> str:
    """Read an international number into E.164; spaces, dots, hyphens and parentheses are only for the eye."""
    text = text_of(value)
    if not re.fullmatch(r"\+[\d ().-]+", text, re.ASCII):
        hint = "write + and the country code first, such as +14165550100"
        raise refusal("bad-phone", f"is not an international phone number: {shown(text)}", hint)
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise refusal("bad-phone", f"is not a number that exists: {shown(text)}", "check the digits")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_emergency_number(value: object) -> str:
    """Read an emergency number: two to six digits."""
    text = text_of(value)
    if not _EMERGENCY.fullmatch(text):
        raise refusal("bad-phone", f"is not an emergency number: {shown(text)}", "a few digits, such as 911 or 112")
    return text


def read_email(value: object) -> str:
    """Read one email address, without looking it up; its domain as ASCII, which every mail server takes."""
    text = text_of(value)
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise refusal("bad-email", f"is not an email address: {shown(text)}", "one name@domain") from None
    return found.ascii_email or found.normalized


def read_mailbox(value: object) -> EmailSender:
    """Read `Name <name@domain>`, or an address alone: then the name is empty. `reply_to` is not set here."""
    text = read_line(value)
    match = _MAILBOX.fullmatch(text)
    name, address = (match["name"], match["address"]) if match else ("", text)
    return EmailSender(address=read_email(address), name=name.strip().strip('"').strip())


def read_url(value: object) -> str:
    """Read a web address with http or https and a host."""
    text = text_of(value)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "." in parts.netloc
    except ValueError:
        good = False
    if not good or not re.fullmatch(r"[!-~]+", text) or any(char in text for char in '"<>\\^`{|}'):
        raise refusal("bad-url", f"is not a web address: {shown(text)}", "such as https://clinic.example/book")
    return text


def read_domain(value: object) -> str:
    """Read the name of a host, as it stands in a web address: no scheme, no path."""
    text = text_of(value).lower()
    if not _DOMAIN.fullmatch(text):
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        hint = f"write {host}" if _DOMAIN.fullmatch(host) else "such as clinic.example"
        raise refusal("bad-url", f"is not a domain: {shown(text)}", hint)
    return text


def read_webhook(value: object) -> str:
    """Read the address of a system that gets alerts: encrypted, or on this machine; without a login in it."""
    text = read_url(value)
    parts = urlsplit(text)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        raise refusal("bad-url", "is not encrypted", "begin it with https://")
    if "@" in parts.netloc or parts.fragment:
        raise refusal("bad-url", "can't have a login or a # in it", "a path and a query may be in it")
    return text


def read_service(value: object) -> str:
    """Read the SID of a Twilio messaging service."""
    text = text_of(value)
    if not _SERVICE.fullmatch(text):
        hint = "MG and 32 hexadecimal digits, from Twilio's console"
        raise refusal("bad-sender", f"is not a messaging service: {shown(text)}", hint)
    return text


def read_sms_sender(value: object) -> SmsSender:
    """Read what an SMS comes from: a number, a short code, or a name that nobody can answer."""
    text = text_of(value)
    if text.startswith("+"):
        return SmsSender(number=read_phone(text))
    if _SHORT_CODE.fullmatch(text):
        return SmsSender(number=text)
    if not _SENDER_NAME.fullmatch(text):
        hint = "a number such as +14165550100, a short code, or at most 11 letters, digits and spaces; no accents"
        raise refusal("bad-sender", f"is neither a number nor a sender's name: {shown(text)}", hint)
    return SmsSender(name=text)


Language = Annotated[
    str, PlainValidator(read_language), WithJsonSchema({"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]+)*$"})
]
Country = Annotated[str, PlainValidator(read_country), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"})]
Phone = Annotated[
    str, PlainValidator(read_phone), WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\+[0-9 ().-]+$"})
]
EmergencyNumber = Annotated[
    str,
    PlainValidator(read_emergency_number),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\d{2,6}$"}),
]
Email = Annotated[
    str, PlainValidator(read_email), WithJsonSchema({"type": "string", "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s]+$"})
]
Mailbox = Annotated[
    EmailSender,
    PlainValidator(read_mailbox),
    WithJsonSchema(
        {"type": "string", "pattern": r"^([^<>]*<[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+)$"}
    ),
]
Url = Annotated[str, PlainValidator(read_url), WithJsonSchema({"type": "string", "pattern": "^https?://[!-~]+$"})]
Domain = Annotated[
    str,
    PlainValidator(read_domain),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"}),
]
Webhook = Annotated[
    str,
    PlainValidator(read_webhook),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(https://[^@/#\s]+|http://(127\.0\.0\.1|\[::1\])(:\d+)?)([/?][^#\s]*)?$",
        }
    ),
]
Service = Annotated[
    str, PlainValidator(read_service), WithJsonSchema({"type": "string", "pattern": "^MG[0-9a-fA-F]{32}$"})
]
SenderField = Annotated[
    SmsSender,
    PlainValidator(read_sms_sender),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^(\+[0-9 ().-]+|\d{5,6}|[A-Za-z0-9 +_&-]{1,11})$"}),
]
