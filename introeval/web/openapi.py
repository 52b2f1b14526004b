"""The OpenAPI 3.1 document, made from the table of operations and the models that validate. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from introeval.web.operation import JSON, Answer, Document, Operation
from introeval.web.problems import CONTENT_TYPE, PROBLEMS
from introeval.web.schema import FieldProblemBody, ProblemBody

_REF = "#/components/schemas/{model}"
_WITH_FIELDS = "invalid_document"

Mode = Literal["validation", "serialization"]
References = Mapping[tuple[Any, Mode], dict[str, Any]]
"""Where the document has the schema of a model, as a reference to it."""


def document(operations: Sequence[Operation], version: str) -> str:
    """The document as JSON."""
    references, schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    content = {
        "openapi": "3.1.0",
        "info": {
            "title": "introeval",
            "version": version,
            "summary": "Introduction videos in, transcripts and explained grades out.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return json.dumps(content, ensure_ascii=False)


def _schemas(operations: Sequence[Operation]) -> tuple[References, dict[str, Any]]:
    # "serialization": what the API sends always holds every member, so that they are all required.
    shapes: dict[tuple[type[BaseModel], Mode], None] = {(ProblemBody, "serialization"): None}
    for operation in operations:
        for answer in operation.answers.values():
            shapes |= {(answer.model, "serialization"): None} if answer.model else {}
        shapes |= {(operation.body.model, "validation"): None} if operation.body else {}
        shapes |= {(FieldProblemBody, "serialization"): None} if _WITH_FIELDS in operation.problems else {}
    references, made = models_json_schema(list(shapes), ref_template=_REF)
    return references, made["$defs"]


def _operation(operation: Operation, references: References) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            str(status): _answer(answer, references) for status, answer in operation.answers.items()
        },
    }
    for status, answer in _problems(operation, references).items():
        # 503 of /readyz is an answer of its own.
        made["responses"].setdefault(status, answer)
    parameters = [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)]
    if parameters:
        made["parameters"] = parameters
    if operation.form is not None:
        made["requestBody"] = _form(operation.form)
    elif operation.body is not None:
        made["requestBody"] = _body(operation.body, references)
    return made


def _answer(answer: Answer, references: References) -> dict[str, Any]:
    schema = {} if answer.model is None else references[answer.model, "serialization"]
    content: dict[str, Any] = {answer.content_type: {"schema": schema}}
    return {"description": answer.about, "content": content | {kind: {} for kind in answer.also}}


def _body(body: Document, references: References) -> dict[str, Any]:
    schema = references[body.model, "validation"]
    content = {kind: {"schema": schema} if kind == JSON else {} for kind in body.types}
    return {"required": body.required, "content": content}


def _problems(operation: Operation, references: References) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in operation.problems:
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    made = {}
    for status, codes in sorted(by_status.items()):
        shapes = (ProblemBody, FieldProblemBody) if _WITH_FIELDS in codes else (ProblemBody,)
        schema = [references[shape, "serialization"] for shape in shapes]
        made[str(status)] = {
            "description": "code: " + ", ".join(codes),
            "content": {CONTENT_TYPE: {"schema": {"anyOf": schema} if len(schema) > 1 else schema[0]}},
        }
    return made


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": each}
        for name, each in schema["properties"].items()
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
