"""A reason as a code that pages have a sentence for, beside the English one for terminals and programs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Why(NamedTuple):
    """A code, and its values as texts, instants as ISO 8601. They may quote a cell, never more of a patient."""

    code: str
    values: Mapping[str, str] = MappingProxyType({})
