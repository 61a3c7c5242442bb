"""JSON schemas of bodies, queries and read models, made together so that names do not clash."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, get_args, get_type_hints

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

REF: Final = "#/components/schemas/{model}"


class _Schemas(GenerateJsonSchema):
    """Schemas as `web/json.py` writes: every field is there, exact numbers are strings."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """What we send is always complete."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """An exact number leaves as text."""
        if self.mode == "serialization":
            return {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["100728.50"]}
        return super().decimal_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Says nothing about what we send; an empty text that could not be sent is none."""
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        described = super().default_schema(schema)
        if described.get("default") == "" and described.get("minLength", 0) > 0:
            del described["default"]
        return described


@dataclass(frozen=True)
class Models:
    """All models of the document, their schemas generated together so that names do not clash."""

    references: dict[tuple[Any, str], dict[str, Any]]
    definitions: dict[str, Any]

    @classmethod
    def of(cls, wanted: Iterable[tuple[Any, str]]) -> Models:
        """Generate for (type, mode) pairs."""
        unique = list({(repr(kind), mode): (kind, mode) for kind, mode in wanted}.values())
        seen: set[type] = set()
        for kind, _ in unique:
            _settle(kind, seen)
        adapters: Any = [((repr(kind), mode), mode, TypeAdapter(kind)) for kind, mode in unique]
        found, shared = TypeAdapter.json_schemas(
            adapters, ref_template=REF, schema_generator=_Schemas
        )
        references = {key: schema for (key, _), schema in found.items()}
        return cls(references, shared.get("$defs", {}))

    def reference(self, kind: Any, mode: str) -> dict[str, Any]:
        """The schema (mostly a $ref) of a type."""
        return self.references[(repr(kind), mode)]


def _settle(kind: Any, seen: set[type]) -> None:
    """Replace the annotations of read models, which are texts, by the types they mean.

    Pydantic looks names up in the class first, where `date: date` finds the field itself.
    """
    for part in get_args(kind):
        _settle(part, seen)
    if not isinstance(kind, type) or kind in seen:
        return
    seen.add(kind)
    if issubclass(kind, BaseModel):
        _describe(kind, seen)
    if not dataclasses.is_dataclass(kind):
        return
    hints = get_type_hints(kind, include_extras=True)
    meanings = _attribute_texts(kind)
    for field in dataclasses.fields(kind):
        _settle(hints[field.name], seen)
        meaning = meanings.get(field.name)
        described = Field(description=meaning) if meaning else Field()
        field.type = Annotated[hints[field.name], described]


def _describe(kind: type[BaseModel], seen: set[type]) -> None:
    """Give the fields of a body or a query the texts written under them.

    Pydantic could do it, but for every model whenever the application is imported.
    """
    meanings = _attribute_texts(kind)
    for name, field in kind.model_fields.items():
        _settle(field.annotation, seen)
        field.description = field.description or meanings.get(name)
    kind.model_rebuild(force=True)


def _attribute_texts(kind: type) -> dict[str, str]:
    """The texts written under the fields of a class, its bases' too."""
    found: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if not (dataclasses.is_dataclass(owner) or "__pydantic_fields__" in vars(owner)):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        assert isinstance(tree, ast.ClassDef)
        for line, below in pairwise(tree.body):
            if (
                isinstance(line, ast.AnnAssign)
                and isinstance(line.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                found[line.target.id] = inspect.cleandoc(below.value.value)
    return found
