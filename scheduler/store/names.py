"""How what a patient is found by is normalised before it is hashed: names, phones, emails, the clinic's own ids."""

import re
import unicodedata

from scheduler.domain.protocol import Channel
from scheduler.store.vault import Vault

_LATIN_MARKS = range(0x0300, 0x0370)
_NO_WORD = re.compile(r"[^a-z0-9]")


def plain_name(name: str) -> str:
    """Return a name as people take it for the same: without case, accents, punctuation and double spaces.

    "Zoë  O'BRIEN" is "zoe o brien". Marks of other scripts carry letters and stay; word order counts.
    """
    folded = name.casefold()
    if folded.isascii():  # most names, in a fifth of the time
        return " ".join(_NO_WORD.sub(" ", folded).split()) or " ".join(folded.split())
    decomposed = unicodedata.normalize("NFKD", folded)
    bare = "".join(letter for letter in decomposed if ord(letter) not in _LATIN_MARKS)
    spaced = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in bare)
    # What is no letter, an emoji say, may leave a mark behind, which is no word.
    words = [word for word in spaced.split() if any(unicodedata.category(letter)[0] in "LN" for letter in word)]
    return " ".join(words) or " ".join(folded.split())


def plain_email(email: str) -> str:
    """Return an email as mailboxes compare it in practice: without case."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def name_hash(vault: Vault, name: str) -> bytes:
    """Return the look-up hash of a patient's name."""
    return vault.lookup(plain_name(name), of="name")


def ref_hash(vault: Vault, ref: str) -> bytes:
    """Return the look-up hash of a clinic's own patient id."""
    return vault.lookup(ref.strip(), of="ref")


def address_hash(vault: Vault, channel: Channel, address: str) -> bytes:
    """Return the look-up hash of an address: a phone in E.164, or an email."""
    return phone_hash(vault, address) if channel is Channel.SMS else email_hash(vault, address)


def phone_hash(vault: Vault, phone: str) -> bytes:
    """Return the look-up hash of a phone in E.164."""
    return vault.lookup(phone.strip(), of="phone")


def email_hash(vault: Vault, email: str) -> bytes:
    """Return the look-up hash of an email."""
    return vault.lookup(plain_email(email), of="email")
