"""Links lead where the clinic says: patients and carriers trust a text by its links."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from scheduler.content.lint.written import Written
from scheduler.domain.clinic import Clinic
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem

# With a scheme, with www., or a host and a path: what a phone makes a link of.
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>()\[\]\"']+|(?<![\w@./-])(?:[a-z0-9-]+\.)+[a-z]{2,}/[^\s<>()\[\]\"']*", re.IGNORECASE
)


def unknown_links(written: Written, _: Configuration) -> Iterator[Problem]:
    """Yield the written-out links whose host is neither that of `booking_url` nor under `link_domains`.

    What a value brings in (`page_url`, `clinic.booking_url`) is the product's or the clinic's own.
    """
    clinic = written.use.clinic
    for source in written.sources:
        for found in _LINK.finditer(source.text):
            host = host_of(found[0])
            if host and not _named(host, clinic):
                message = f"links to {host}, which {clinic.id} has not named"
                hint = f"leave it out, or add it to link_domains: [{host}] in the clinic's file"
                yield written.problem(
                    source, found.start(), code="unknown-link", message=message, hint=hint, severity="error"
                )


def host_of(link: str) -> str:
    """Return the host that a link leads to, "" for one that can't be read."""
    try:
        return urlsplit(link if "://" in link else f"https://{link}").hostname or ""
    except ValueError:
        return ""


def _named(host: str, clinic: Clinic) -> bool:
    named = [*clinic.link_domains, host_of(clinic.booking_url or "")]
    return any(domain and (host == domain or host.endswith(f".{domain}")) for domain in named)
