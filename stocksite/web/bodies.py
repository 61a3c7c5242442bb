"""Reading what a script sent: JSON bodies and query strings into pydantic models, faults named.

Cannot be read (broken JSON, unknown field, wrong query) is 400; readable but wrong is 422.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from stocksite.core.errors import BadRequest, DomainError, FieldError, InvalidInput
from stocksite.web import json

Model = TypeVar("Model", bound=BaseModel)

_SHOWN: Final = 60
"""Characters of somebody's own field name that an answer repeats."""

_SENTENCES: Final[dict[str, str]] = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field here.",
    "string_type": "Send text.",
    "string_too_short": "The text is too short; the least length is {min_length}.",
    "string_too_long": "At most {max_length} characters are kept here.",
    "string_pattern_mismatch": "The text does not have the form {pattern}.",
    "literal_error": "Use one of: {expected}.",
    "enum": "Use one of: {expected}.",
    "int_type": "Send a whole number.",
    "int_parsing": "Use a whole number.",
    "int_from_float": "Use a whole number.",
    "float_type": "Send a number.",
    "float_parsing": "Use a number.",
    "finite_number": "Use a finite number.",
    "bool_type": "Send true or false.",
    "bool_parsing": "Use true or false.",
    "greater_than_equal": "The smallest value accepted is {ge}.",
    "greater_than": "The value has to be more than {gt}.",
    "less_than_equal": "The largest value accepted is {le}.",
    "less_than": "The value has to be less than {lt}.",
    "list_type": "Send a list.",
    "too_long": "At most {max_length} entries are read.",
    "too_short": "The list is too short; the least length is {min_length}.",
    "dict_type": "Send an object.",
    "model_type": "Send an object.",
    "model_attributes_type": "Send an object.",
    "none_required": "Leave this out or send null.",
    "date_type": "Use a day of the calendar, like 2010-03-31.",
    "sentence": "{sentence}",
}


def read_json() -> Any:
    """The body as parsed JSON. Raises for another type (415), size (413) or BadRequest."""
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON with the header Content-Type: application/json.")
    raw = request.get_data(cache=True)
    if request.content_length is None and len(raw) >= (request.max_content_length or math.inf):
        raise RequestEntityTooLarge  # a chunked body is cut at the limit, silently
    try:
        return json.parse(raw)
    except json.JsonError as error:
        raise BadRequest(f"JSON parse error - {error}", code="bad-json") from None


def read_object() -> dict[str, Any]:
    """The body as a JSON object. Raises as `read_json` does, and BadRequest for anything else."""
    value = read_json()
    if not isinstance(value, dict):
        raise BadRequest("The body has to be a JSON object: {…}.", code="bad-json")
    return value


def read_body(model: type[Model], data: dict[str, Any]) -> Model:
    """Validate a parsed object. Raises BadRequest (unknown field) or InvalidInput (wrong value)."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        unknown, wrong = _faults(error)
        if unknown:
            raise BadRequest(
                _summary(unknown, "is not a field here", "are not fields here"),
                code="unknown-field",
                fields=tuple(unknown),
            ) from None
        raise InvalidInput(_detail(wrong), fields=tuple(wrong)) from None


def read_query(model: type[Model], args: MultiDict[str, str] | None = None) -> Model:
    """Validate the query string, or `args` in its place. Raises BadRequest naming every
    parameter that is wrong."""
    data: dict[str, Any] = {}
    for name, values in (request.args if args is None else args).lists():
        if len(values) > 1:
            raise _query_error([FieldError(name[:_SHOWN], "Give this parameter once.")])
        data[name] = values[0]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        unknown, wrong = _faults(error)
        raise _query_error([*unknown, *wrong]) from None


def _query_error(faults: list[FieldError]) -> DomainError:
    return BadRequest(_detail(faults), code="invalid-query", fields=tuple(faults))


def _faults(error: ValidationError) -> tuple[list[FieldError], list[FieldError]]:
    """(unknown fields, wrong values), each field once: unions report every branch."""
    unknown: dict[str, FieldError] = {}
    wrong: dict[str, FieldError] = {}
    for item in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part)[:_SHOWN] for part in item["loc"]) if item["loc"] else "body"
        where = unknown if item["type"] == "extra_forbidden" else wrong
        where.setdefault(field, FieldError(field, _sentence(item)))
    return list(unknown.values()), list(wrong.values())


def _sentence(item: Any) -> str:
    context = item.get("ctx") or {}
    if item["type"] == "value_error":
        raised = context.get("error")
        return str(getattr(raised, "detail", raised))
    template = _SENTENCES.get(item["type"])
    return template.format(**context) if template else f"{item['msg']}."


def _detail(faults: list[FieldError]) -> str:
    if len(faults) == 1:
        return f"{faults[0].field}: {faults[0].detail}"
    return _summary(faults, "is not valid", "are not valid")


def _summary(faults: Iterable[FieldError], one: str, many: str) -> str:
    names = [fault.field for fault in faults]
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"{shown} {one if len(names) == 1 else many}."
