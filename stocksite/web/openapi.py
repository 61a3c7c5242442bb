"""The OpenAPI 3.1 document, written from the operations the rooms declared: it cannot drift."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, get_args, get_origin

from flask import Flask, Response, current_app

from stocksite.core.paging import Page
from stocksite.web import openapi_examples
from stocksite.web import openapi_texts as texts
from stocksite.web.api import ApiBlueprint
from stocksite.web.json import dump, dumps
from stocksite.web.openapi_models import Models
from stocksite.web.operation import CsvFile, Operation, ReportFile, operations

_VARIABLE: Final = re.compile(r"<(?:(\w+)(?:\([^>]*\))?:)?(\w+)>")

blueprint = ApiBlueprint("openapi", __name__)


@blueprint.operation(
    "GET",
    "/openapi.json",
    summary="This document",
    tag="About",
    returns=dict[str, Any],
    auth=False,
)
def openapi_json() -> Response:
    """The whole API as an OpenAPI 3.1 document."""
    text = current_app.extensions.get("openapi_text")
    if text is None:
        text = current_app.extensions["openapi_text"] = dumps(document(current_app))
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


def document(app: Flask) -> dict[str, Any]:
    """The document for all operations registered on `app`."""
    declared = operations(app)
    models = Models.of(_types(operation for _, operation in declared.values()))
    paths: dict[str, dict[str, Any]] = {}
    for key, (room, operation) in sorted(declared.items(), key=lambda item: item[0].split(" ")[1]):
        path = _VARIABLE.sub(r"{\2}", key.split(" ", 1)[1])
        paths.setdefault(path, {})[operation.method.lower()] = _operation(room, operation, models)
    tags = sorted({operation.tag for _, operation in declared.values()})
    written = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": texts.INFO,
        "servers": [{"url": "/", "description": "This site"}],
        "tags": [{"name": tag} for tag in tags],
        "security": [{"bearer": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {**dict(sorted(models.definitions.items())), **texts.SCHEMAS},
            "responses": texts.responses(),
            "headers": texts.HEADERS,
            "parameters": texts.PARAMETERS,
            "securitySchemes": texts.SECURITY,
        },
    }
    return openapi_examples.add(written)


def _types(declared: Iterable[Operation]) -> Iterable[tuple[Any, str]]:
    for operation in declared:
        for model in (operation.body, operation.query):
            if model is not None:
                yield model, "validation"
        for kind in operation.returns.values():
            if kind is not None and kind not in (CsvFile, ReportFile):
                yield _row(kind), "serialization"


def _row(kind: Any) -> Any:
    """What a page holds; every other type itself."""
    return get_args(kind)[0] if get_origin(kind) is Page else kind


def _operation(room: str, operation: Operation, models: Models) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{room.removesuffix('_api')}.{operation.endpoint}",
        "summary": operation.summary,
        "tags": [operation.tag],
    }
    if operation.description:
        described["description"] = operation.description
    parameters = [*_path_parameters(operation), *_query_parameters(operation, models)]
    if operation.creates:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = _request_body(operation, models)
    described["responses"] = {
        **{str(s): _success(s, kind, operation, models) for s, kind in operation.returns.items()},
        **{
            str(status): texts.failure(status, operation.raw_errors)
            for status in sorted(operation.statuses - operation.returns.keys())
        },
    }
    if operation.auth is False:
        described["security"] = []
    elif operation.auth == "optional":
        described["security"] = [{}, {"bearer": []}, {"session": []}]
    return described


def _path_parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    for converter, name in _VARIABLE.findall(operation.rule):
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if converter == "int":
            schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
        elif "symbol" in name:
            schema |= {"maxLength": 20, "examples": ["AAPL"]}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(operation: Operation, models: Models) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    schema = models.reference(operation.query, "validation")
    if "$ref" in schema:
        schema = models.definitions[schema["$ref"].rsplit("/", 1)[1]]
    required = set(schema.get("required", ()))
    for name, described in schema.get("properties", {}).items():
        yield {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": described.get("description", ""),
            "schema": _without_null(described),
        }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: an optional parameter is simply left out."""
    plain = {k: v for k, v in schema.items() if k not in ("title", "description")}
    if plain.get("default", 0) is None:
        del plain["default"]
    branches = [branch for branch in plain.get("anyOf", ()) if branch.get("type") != "null"]
    if len(branches) == 1:
        del plain["anyOf"]
        return {**plain, **branches[0]}
    return {**plain, "anyOf": branches} if branches else plain


def _request_body(operation: Operation, models: Models) -> dict[str, Any]:
    assert operation.body is not None
    content: dict[str, Any] = {"schema": models.reference(operation.body, "validation")}
    if operation.example is not None:
        content["example"] = dump(operation.example)
    return {"required": True, "content": {"application/json": content}}


def _success(status: int, kind: Any, operation: Operation, models: Models) -> dict[str, Any]:
    described: dict[str, Any] = {"description": texts.SUCCESS.get(status, "Done.")}
    if status in (201, 202):
        described["headers"] = {"Location": {"$ref": "#/components/headers/Location"}}
    if kind is None:
        return described
    if kind is CsvFile:
        lines: dict[str, Any] = {"schema": {"type": "string"}}
        if operation.example is not None:
            lines["example"] = operation.example
        return described | {"content": {"text/csv": lines}}
    if kind is ReportFile:
        files: dict[str, Any] = {
            "application/pdf": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}},
        }
        return described | {"content": files}
    schema = models.reference(_row(kind), "serialization")
    if get_origin(kind) is Page:
        schema = texts.page_of(schema)
    return described | {"content": {"application/json": {"schema": schema}}}


def init_app(app: Flask) -> None:
    """Serve the document."""
    app.register_blueprint(blueprint)
