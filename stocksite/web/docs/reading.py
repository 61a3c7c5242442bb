"""The OpenAPI document as the rows of a page: pure functions over the document's dictionaries."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from stocksite.web.samples import DEPTH, Schema, branches, resolve, sample

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Row:
    """One parameter or one field."""

    name: str
    type: str
    required: bool
    meaning: str
    place: str = ""
    """`path`, `query` or `header` for parameters."""
    sample: str = ""


@dataclass(frozen=True)
class Answer:
    """One status an operation can answer."""

    status: str
    meaning: str
    fields: tuple[Row, ...]
    example: str


@dataclass(frozen=True)
class Entry:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    access: str
    parameters: tuple[Row, ...]
    fields: tuple[Row, ...]
    example: str
    answers: tuple[Answer, ...]
    failures: tuple[Answer, ...]
    has_body: bool
    creates: bool

    @property
    def words(self) -> str:
        """What the page's search looks at."""
        return f"{self.method} {self.path} {self.summary} {self.description}".lower()


@dataclass(frozen=True)
class Reference:
    """All operations by tag."""

    groups: tuple[tuple[str, tuple[Entry, ...]], ...]

    @property
    def count(self) -> int:
        """How many operations there are."""
        return sum(len(entries) for _, entries in self.groups)


def read(document: Schema) -> Reference:
    """Read the whole document."""
    groups: dict[str, list[Entry]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                entry = _entry(document, path, method, operation)
                groups.setdefault(operation["tags"][0], []).append(entry)
    return Reference(tuple((tag, tuple(groups[tag])) for tag in sorted(groups)))


def _entry(document: Schema, path: str, method: str, operation: Schema) -> Entry:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    parameters = [resolve(document, p) for p in operation.get("parameters", ())]
    answers = [
        _answer(document, status, resolve(document, response))
        for status, response in operation["responses"].items()
    ]
    return Entry(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        access=_access(operation),
        parameters=tuple(_parameter(document, p) for p in parameters),
        fields=fields_of(document, body["schema"]) if body else (),
        example=_pretty(body.get("example", sample(document, body["schema"]))) if body else "",
        answers=_without_repeats([a for a in answers if a.status < "4"]),
        failures=tuple(a for a in answers if a.status >= "4"),
        has_body=body is not None,
        creates=any(p["name"] == "Idempotency-Key" for p in parameters),
    )


def _access(operation: Schema) -> str:
    security = operation.get("security")
    if security is None:
        return "Needs a token or a login"
    return "Open to everybody" if not security else "Works with and without a login"


def _parameter(document: Schema, parameter: Schema) -> Row:
    schema = parameter["schema"]
    found = sample(document, schema) if parameter["required"] else schema.get("default", "")
    return Row(
        name=parameter["name"],
        type=type_of(document, schema),
        required=parameter["required"],
        meaning=parameter.get("description", ""),
        place=parameter["in"],
        sample="" if found is None else str(found),
    )


def _answer(document: Schema, status: str, response: Schema) -> Answer:
    content = response.get("content", {}).get("application/json")
    failed = status >= "4"
    if content is None or failed:
        return Answer(status, response["description"], (), "")
    schema = resolve(document, content["schema"])
    return Answer(
        status,
        response["description"],
        fields_of(document, schema),
        _pretty(sample(document, schema)),
    )


def _without_repeats(answers: list[Answer]) -> tuple[Answer, ...]:
    """Fields that an answer before has too are not listed again."""
    shown: list[Answer] = []
    for answer in answers:
        same = next((a for a in shown if a.fields and a.fields == answer.fields), None)
        if same:
            meaning = f"{answer.meaning} The fields of {same.status}."
            answer = replace(answer, meaning=meaning, fields=(), example="")
        shown.append(answer)
    return tuple(shown)


def fields_of(
    document: Schema, schema: Schema, prefix: str = "", depth: int = 0
) -> tuple[Row, ...]:
    """The fields of an object, nested ones with their dotted names."""
    schema = _item(document, resolve(document, schema))
    required = set(schema.get("required", ()))
    rows: list[Row] = []
    for name, found in schema.get("properties", {}).items():
        inner = resolve(document, found)
        full = f"{prefix}{name}"
        meaning = inner.get("description", "")
        rows.append(Row(full, type_of(document, found), name in required, meaning))
        if depth < DEPTH:
            rows += fields_of(document, inner, f"{full}.", depth + 1)
    return tuple(rows)


def _item(document: Schema, schema: Schema) -> Schema:
    """What a list holds, or the one real branch of an optional; else the schema itself."""
    if schema.get("type") == "array" and "items" in schema:
        return _item(document, resolve(document, schema["items"]))
    found = branches(schema)
    if len(found) == 1:
        return _item(document, resolve(document, found[0]))
    return schema


def type_of(document: Schema, schema: Schema) -> str:
    """A type in words: `text`, `number from 0 to 1`, `"buy" or "sell"`, `list of objects`."""
    schema = resolve(document, schema)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return " or ".join(dict.fromkeys(type_of(document, branch) for branch in branches))
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = schema.get("type", "any value")
    if isinstance(kind, list):
        return " or ".join(_plain(name, schema) for name in kind)
    if kind == "array":
        inner = type_of(document, schema.get("items", {}))
        return f"list of {'objects' if inner == 'object' else inner}"
    return _plain(kind, schema)


def _plain(kind: str, schema: Schema) -> str:
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    formats = {"date": "day", "date-time": "time", "uri": "address", "uri-reference": "path"}
    if kind == "string" and schema.get("format") in formats:
        return formats[schema["format"]]
    if kind == "string" and "pattern" in schema and r"\d" in schema["pattern"]:
        return "decimal text"
    text = words.get(kind, kind)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None and high < 2**53:
        text += f" from {low:,} to {high:,}"
    elif kind == "string" and "maxLength" in schema:
        text += f", at most {schema['maxLength']:,} characters"
    return text


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
