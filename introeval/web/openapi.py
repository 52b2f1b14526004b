"""The OpenAPI 3.1 document, made from the table of operations and the models that validate. Pure."""

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from introeval.web.operations import Operation
from introeval.web.problems import CONTENT_TYPE, PROBLEMS
from introeval.web.schema import ProblemBody

_REF = "#/components/schemas/{model}"


def document(operations: Sequence[Operation], version: str) -> str:
    """The document as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    content = {
        "openapi": "3.1.0",
        "info": {
            "title": "introeval",
            "version": version,
            "summary": "Introduction videos in, transcripts and explained grades out.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": _schemas(operations)},
    }
    return json.dumps(content, ensure_ascii=False)


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    shapes: dict[type[BaseModel], None] = {ProblemBody: None}
    for operation in operations:
        shapes |= {answer.model: None for answer in operation.answers.values() if answer.model}
    # "serialization": what the API sends always holds every member, so that they are all required.
    _, made = models_json_schema([(shape, "serialization") for shape in shapes], ref_template=_REF)
    schemas: dict[str, Any] = made["$defs"]
    return schemas


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {str(status): _answer(answer) for status, answer in operation.answers.items()},
    }
    made["responses"] |= _problems(operation)
    parameters = [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)]
    if parameters:
        made["parameters"] = parameters
    if operation.form is not None:
        made["requestBody"] = _form(operation.form)
    return made


def _answer(answer: Any) -> dict[str, Any]:
    schema = {} if answer.model is None else {"$ref": _REF.format(model=answer.model.__name__)}
    return {"description": answer.about, "content": {answer.content_type: {"schema": schema}}}


def _problems(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in operation.problems:
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    schema = {"$ref": _REF.format(model=ProblemBody.__name__)}
    return {
        str(status): {
            "description": "code: " + ", ".join(codes),
            "content": {CONTENT_TYPE: {"schema": schema}},
        }
        for status, codes in sorted(by_status.items())
    }


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    properties = operation.query.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in properties.items()
    ]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
        for name, about in operation.headers.items()
    ]


def _form(form: type[BaseModel]) -> dict[str, Any]:
    schema = form.model_json_schema()
    # An absent file is in OpenAPI 3.1 an untyped string of bytes: contentMediaType alone.
    schema["properties"]["file"] = {"contentMediaType": "application/octet-stream"}
    schema["required"] = [*schema["required"], "file"]
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
