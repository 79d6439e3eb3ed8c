"""The OpenAPI document is whole: every operation says what it takes, what it answers and how it fails."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from scheduler.web.access import Needs, OpenToAll
from scheduler.web.api.problems import Problem
from tests.api.office import Office
from tests.repo.page_rest import document

Operation = Mapping[str, Any]


def operations() -> Iterator[tuple[str, Operation]]:
    for path, methods in document()["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in methods.items())


def answers_of(operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each answer by its status, wherever it is written."""
    for status, answer in operation["responses"].items():
        name = answer.get("$ref", "").rpartition("/")[2]
        yield status, document()["components"]["responses"][name] if name else answer


def contents(operation: Operation) -> Iterator[Mapping[str, Any]]:
    """Yield what is sent and what is answered, with its schema."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for _, answer in answers_of(operation):
        yield from answer.get("content", {}).values()


def examples_of(content: Mapping[str, Any]) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [it["value"] for it in content.get("examples", {}).values()]


EVERY = [pytest.param(operation, id=name) for name, operation in operations()]


@pytest.mark.parametrize("operation", EVERY)
def test_every_body_and_every_answer_has_an_example_that_fits_its_schema(operation: Operation) -> None:
    whole = Resource.from_contents(document(), default_specification=DRAFT202012)
    registry = Registry().with_resource("urn:document", whole)
    for content in contents(operation):
        schema = json.loads(json.dumps(content["schema"]).replace('"#/', '"urn:document#/'))
        validator = Draft202012Validator(schema, registry=registry)
        examples = examples_of(content)
        assert examples
        for example in examples:
            validator.validate(example)


@pytest.mark.parametrize("operation", EVERY)
def test_every_operation_declares_the_problems_that_any_of_them_may_end_with(operation: Operation) -> None:
    declared = dict(answers_of(operation))
    assert {"401", "403", "404", "406", "422", "429", "500", "503"} <= declared.keys()
    for status, answer in declared.items():
        kinds = set(answer.get("content", {}))
        assert kinds == (
            {"text/csv" if operation["operationId"] == "get_deliveries_export" else "application/json"}
            if status.startswith("2")
            else set()
            if status == "304"
            else {"application/problem+json"}
        )
    assert "Retry-After" in declared["429"]["headers"]
    assert "WWW-Authenticate" in declared["401"]["headers"]


def test_it_is_openapi_3_1_with_a_key_for_all_of_it() -> None:
    found = document()
    assert found["openapi"].startswith("3.1")
    assert found["servers"] == [{"url": "http://127.0.0.1:8000/api/v1"}]
    assert found["security"] == [{"key": []}]
    assert found["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert {it["name"] for it in found["tags"]} == {tag for _, it in operations() for tag in it["tags"]}


def test_no_two_operations_are_called_the_same() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names))


def test_no_field_that_could_name_a_patient_is_in_an_address() -> None:
    named = {it["name"] for _, operation in operations() for it in operation["parameters"] if "name" in it}
    assert named.isdisjoint(
        {"name", "phone", "email", "text", "words", "body", "sender", "external_id", "patient_id"}
    )


def test_every_type_of_problem_has_an_example() -> None:
    shown = {
        example["value"]["type"]
        for answer in document()["components"]["responses"].values()
        for example in answer["content"]["application/problem+json"]["examples"].values()
    }
    assert shown == {it.uri for it in Problem}


def test_every_route_declares_who_may_call_it(office: Office) -> None:
    for route in office.api().routes:
        assert isinstance(route, APIRoute), route
        declared = [it.call for it in route.dependant.dependencies if isinstance(it.call, (Needs, OpenToAll))]
        assert len(declared) == 1, route.path
        if isinstance(declared[0], OpenToAll):
            assert route.path == "/openapi.json"


def test_a_stranger_reads_the_document_that_a_running_service_has(office: Office) -> None:
    answer = office.stranger.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == document()
