"""How schemathesis sends what is no text: it takes this module as its hooks."""

import schemathesis
from schemathesis import SerializationContext


@schemathesis.serializer(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.ms-excel"
)
def workbook(_context: SerializationContext, value: object) -> bytes:
    """Send the bytes of a workbook as they are."""
    return value if isinstance(value, bytes) else str(value).encode()
