"""What every block of keys in a configuration file has in common."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, field_validator

from scheduler.protocols.faults import Fault, refusal


class Block(BaseModel):
    """A block with a fixed set of keys; any other key is an error. Values are the file's texts until read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _has_a_value(cls, value: object) -> object:
        if value is None:
            raise refusal("empty-value", "has no value", "write one, or take the line out")
        return value


def keys_of(model: type[Block], path: Sequence[str | int]) -> dict[str, str]:
    """Return the keys that the block under `path` may have, as the file spells them, and what each means."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _step_into(kind, part)]
    blocks = [kind for kind in kinds if _is_block(kind)]
    return {
        info.alias or name: info.description or "" for block in blocks for name, info in block.model_fields.items()
    }


def _is_block(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Block)


def _step_into(kind: Any, part: str | int) -> Iterator[Any]:
    """Yield the kinds that stand under one key or item of `kind`."""
    if _is_block(kind):
        for name, info in kind.model_fields.items():
            if part == (info.alias or name):
                yield from _alternatives(info.annotation)
    elif get_origin(kind) in (list, dict):
        yield from _alternatives(get_args(kind)[-1])


def _alternatives(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation stands for, looking through Annotated, unions and Optional."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    else:
        yield annotation


def repeated(path: tuple[str, ...], values: Sequence[object]) -> Iterator[Fault]:
    """Yield a fault for each item of the list under `path` that stands in it already."""
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Fault((*path, index), "duplicate-value", f"stands in the list twice: {value}")
