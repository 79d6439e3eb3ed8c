"""The JSON Schema of each kind of configuration file, made from the models that read them: editors complete by it.

A schema accepts what the loader accepts; what one file can't know (names in other files, numbers that exist, the
order of times) only the loader refuses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from scheduler.protocols.advice_file import AdviceFile
from scheduler.protocols.approvals_file import ApprovalsFile
from scheduler.protocols.blocks import Block
from scheduler.protocols.clinic_file import ClinicFile
from scheduler.protocols.expectations_file import TestsFile
from scheduler.protocols.instance_file import InstanceFile
from scheduler.protocols.protocol_file import ProtocolFile
from scheduler.protocols.sources_file import SourcesFile
from scheduler.protocols.triage_file import TriageFile

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = ["string", "number", "boolean"]
FOLDER = ".schemas"
"""Where the shipped schemas lie, under config/: each file's first line names its own by a relative path."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its model, and which files under config/ it is for."""

    model: type[Block]
    files: str


# A new kind of file is registered here, and nowhere else: the command, the shipped schemas, the page of keys and the
# test that every shipped file validates all read this list.
KINDS: Mapping[str, Kind] = {
    "aftercare": Kind(InstanceFile, "aftercare.yaml"),
    "clinic": Kind(ClinicFile, "clinics/*.yaml"),
    "protocol": Kind(ProtocolFile, "protocols/*.yaml"),
    "advice": Kind(AdviceFile, "advice.yaml"),
    "sources": Kind(SourcesFile, "sources.yaml"),
    "triage": Kind(TriageFile, "triage/*.yaml"),
    "tests": Kind(TestsFile, "tests/*.yaml"),
    "approvals": Kind(ApprovalsFile, "approvals/*.yaml"),
}


def schema_of(kind: str) -> Schema:
    """Return the schema of a kind of file in `KINDS`, self-contained."""
    model = KINDS[kind].model
    schema = _plain(model.model_json_schema(by_alias=True))
    if model is ClinicFile:
        _with_overrides(schema)
    return {"$schema": DRAFT, "title": f"config/{KINDS[kind].files}", **schema}


def _plain(schema: Any) -> Any:
    """Return a schema with what YAML and our readers make of values, without what only pydantic means."""
    match schema:
        case dict():
            return _object({key: _plain(value) for key, value in schema.items() if not _is_noise(key, value)})
        case list():
            return [_plain(item) for item in schema]
        case Enum():
            return schema.value
        case str() | int() | float() | bool() | None:
            return schema
        case _:
            return str(schema)


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value in (None, [], {}))


def _object(schema: Schema) -> Schema:
    said = {key: value for key, value in schema.items() if key != "anyOf"}
    choices = [it for it in schema.get("anyOf", []) if it != {"type": "null"}]
    if len(choices) == 1:
        # A key that may be left out may not be null: an empty value is likely a forgotten one.
        return {**choices[0], **said}
    if choices:
        said["anyOf"] = choices
    if "patternProperties" in said:
        said.setdefault("additionalProperties", False)
    return _scalar(said)


def _scalar(schema: Schema) -> Schema:
    """Allow a value with quotes and without: the loader reads text."""
    kept: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    bare = {key: value for key, value in schema.items() if key not in kept}
    match schema.get("type"):
        case "integer":
            return {**kept, "anyOf": [bare, {"type": "string", "pattern": r"^\s*\d{1,9}\s*$"}]}
        case "boolean":
            return {**kept, "anyOf": [bare, {"type": "string", "pattern": r"^([Yy]es|YES|[Nn]o|NO|true|false)$"}]}
        case "string" if "maxLength" in schema:
            return {**schema, "type": _TEXT, "pattern": r"^[^\r\n]*\S[^\r\n]*$"}
        case "string" if not {"enum", "pattern", "format"} & schema.keys():
            return {**schema, "type": _TEXT}
        case _:
            return schema


def _with_overrides(schema: Schema) -> None:
    """Say what an override may hold: any key of a step but its id, and null, which takes the key away."""
    steps = _plain(ProtocolFile.model_json_schema(by_alias=True))
    step = steps["$defs"]["StepBlock"]
    change = {key: _or_null(value) for key, value in step["properties"].items() if key != "id"}
    definitions = {name: it for name, it in steps["$defs"].items() if name != "StepBlock"}
    definitions["StepChange"] = {"type": "object", "additionalProperties": False, "properties": change}
    schema["$defs"] = {**definitions, **schema["$defs"]}
    one = {"type": "object", "additionalProperties": {"$ref": "#/$defs/StepChange"}}
    schema["properties"]["overrides"]["additionalProperties"] = one


def _or_null(schema: Schema) -> Schema:
    kept: Schema = {key: schema[key] for key in ("description",) if key in schema}
    bare = {key: value for key, value in schema.items() if key not in ("description", "default")}
    return {**kept, "anyOf": [bare, {"type": "null"}]}


def modelines() -> Iterator[tuple[str, str]]:
    """Yield each kind's files with the first line that tells an editor where their schema lies."""
    for name, kind in KINDS.items():
        up = "../" * kind.files.count("/")
        yield kind.files, f"# yaml-language-server: $schema={up or './'}{FOLDER}/{name}.json"
