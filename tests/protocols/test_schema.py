"""The schema is also what docs and editors are made from."""

from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.protocols.blocks import Block
from scheduler.protocols.clinic_file import ClinicFile
from scheduler.protocols.import_fields import IMPORT_FIELDS, NEEDED
from scheduler.protocols.instance_file import InstanceFile
from scheduler.protocols.problems import CODES
from scheduler.protocols.protocol_file import ProtocolFile

FILES = (InstanceFile, ClinicFile, ProtocolFile)


def blocks(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    yield from schema.get("$defs", {}).values()


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_every_file_says_what_it_means(file: type[Block]) -> None:
    for block in blocks(file.model_json_schema()):
        for key, says in block.get("properties", {}).items():
            assert says.get("description", "").endswith((".", "…")), f"{block['title']}.{key}"


@pytest.mark.parametrize("file", FILES)
def test_the_json_schema_allows_no_other_keys(file: type[Block]) -> None:
    for block in blocks(file.model_json_schema()):
        assert block.get("additionalProperties") is False or "properties" not in block


def test_what_an_import_needs_are_fields_of_it() -> None:
    assert {field for group in NEEDED for field in group} <= set(IMPORT_FIELDS)


@pytest.mark.parametrize(("code", "sentence"), CODES.items())
def test_every_code_is_kebab_case_and_has_a_sentence(code: str, sentence: str) -> None:
    assert code == code.lower().replace("_", "-").replace(" ", "-")
    assert sentence.endswith(".")
