"""A fingerprint of what a protocol means: comments, the order of keys and ways of writing change nothing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import time
from enum import Enum
from typing import Any

from scheduler.domain.spans import Span


def digest_of(value: object) -> str:
    """Return the SHA-256 of a frozen value's meaning, in hexadecimal.

    What has its default counts as not said, so that a key that is new in the product changes no digest.
    """
    text = json.dumps(_meaning(value), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _meaning(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case Span() | time():
            return str(value)
        case Mapping():
            return {str(key): _meaning(item) for key, item in value.items()}
        case frozenset() | tuple():
            items = [_meaning(item) for item in value]
            return sorted(items) if isinstance(value, frozenset) else items
        case str() | int() | None:
            return value
        case _:
            return _said(value)


def _said(value: Any) -> dict[str, Any]:
    """Return what a dataclass says beyond its defaults. Anything else is a programming error (TypeError)."""
    pairs = [(one, getattr(value, one.name)) for one in fields(value)]
    said = {one.name: _meaning(item) for one, item in pairs if not _is_default(one, item)}
    return {"kind": type(value).__name__, **said}


def _is_default(field: Field[Any], value: object) -> bool:
    return field.default is not MISSING and value == field.default
