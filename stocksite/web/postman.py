"""The Postman collection (format 2.1), made from the OpenAPI document: pure functions.

Requests are grouped as on the documentation page. Two variables: `baseUrl`, and `token`, which the
request for tokens fills in by itself.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from stocksite.web.samples import Schema, resolve, sample

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_ID: Final = "7d1f2f6e-6f0c-4a86-9c55-5b0f5a3c9a10"
_KEEP_TOKEN: Final = (
    "const answer = pm.response.json();",
    'if (answer.access) { pm.collectionVariables.set("token", answer.access); }',
)


def collection(document: Schema) -> dict[str, Any]:
    """The whole collection; the same document gives the same text."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            item = _item(document, path, method, operation)
            folders.setdefault(operation["tags"][0], []).append(item)
    return {
        "info": {
            "_postman_id": _ID,
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [_variable("token", "{{token}}")]},
        "variable": [_variable("baseUrl", "http://127.0.0.1:8000"), _variable("token", "")],
        "item": [{"name": tag, "item": folders[tag]} for tag in sorted(folders)],
    }


def text(document: Schema) -> str:
    """The collection as its file holds it."""
    return json.dumps(collection(document), indent=2, ensure_ascii=False) + "\n"


def _variable(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "string"}


def _item(document: Schema, path: str, method: str, operation: Schema) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation.get("description", operation["summary"]),
        "header": [{"key": "Accept", "value": "application/json"}],
        "url": _url(document, path, operation),
    }
    if body is not None:
        request["header"].append({"key": "Content-Type", "value": "application/json"})
        raw = json.dumps(body["example"], indent=2, ensure_ascii=False)
        request["body"] = {
            "mode": "raw",
            "raw": raw,
            "options": {"raw": {"language": "json"}},
        }
    for parameter in _parameters(document, operation, "header"):
        key = {"key": parameter["name"], "value": "{{$guid}}", "disabled": True}
        request["header"].append(key)
    if operation.get("security") == []:
        request["auth"] = {"type": "noauth"}
    item: dict[str, Any] = {"name": operation["summary"], "request": request, "response": []}
    if path == "/api/token/":
        script = {"type": "text/javascript", "exec": list(_KEEP_TOKEN)}
        item["event"] = [{"listen": "test", "script": script}]
    return item


def _url(document: Schema, path: str, operation: Schema) -> dict[str, Any]:
    """The address; parameters of the query that are optional are there, switched off."""
    colons = re.sub(r"{(\w+)}", r":\1", path)
    address: dict[str, Any] = {
        "raw": "{{baseUrl}}" + colons,
        "host": ["{{baseUrl}}"],
        "path": colons.strip("/").split("/") + ([""] if path.endswith("/") else []),
    }
    variables = [_row(document, each) for each in _parameters(document, operation, "path")]
    if variables:
        address["variable"] = variables
    query = [
        {**_row(document, each), "disabled": not each["required"]}
        for each in _parameters(document, operation, "query")
    ]
    if query:
        address["query"] = query
    return address


def _parameters(document: Schema, operation: Schema, place: str) -> list[Schema]:
    found = [resolve(document, each) for each in operation.get("parameters", ())]
    return [each for each in found if each["in"] == place]


def _row(document: Schema, parameter: Schema) -> dict[str, Any]:
    value = parameter["schema"].get("default", sample(document, parameter["schema"]))
    return {
        "key": parameter["name"],
        "value": "" if value is None else str(value),
        "description": parameter.get("description", ""),
    }
