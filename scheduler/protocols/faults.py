"""How a field's reader refuses a value, so that the words survive pydantic and reach the operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a block of keys: under `path` inside it, with a code of `problems.CODES`."""

    path: tuple[str | int, ...]
    code: str
    message: str
    hint: str = ""


def refusal(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """Return the error to raise for one value. `message` continues the key: "is not a time: 25:00"."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def refuse_all(faults: Sequence[Fault]) -> None:
    """Raise all faults of a block at once; nothing when there is none."""
    if faults:
        raise PydanticCustomError(SEVERAL, "several faults", {"faults": tuple(faults)})
