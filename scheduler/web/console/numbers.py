"""Numbers of records, as addresses name them: what no record can have leads nowhere, and asks no database."""

from typing import Annotated

from fastapi import Path, Query

Number = Annotated[int, Path(ge=1, lt=2**63)]
Earlier = Annotated[int | None, Query(ge=1, lt=2**63)]
"""The record before which a page of a list goes on."""
