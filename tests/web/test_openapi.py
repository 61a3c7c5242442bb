"""The OpenAPI document and the routes hold each other: neither says what the other does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from jsonschema_rs import Draft202012Validator, meta

from stocksite.core.actor import Actor
from stocksite.web.docs.reading import read
from stocksite.web.openapi import document
from stocksite.web.problem_codes import CODES
from stocksite.web.problems import Problem


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Raise unless the value has the schema."""
    Draft202012Validator(schema).validate(value)


NOT_DOCUMENTED = {"/api/docs"}
"""A page for people that lives under /api."""


@pytest.fixture(params=["site", "probes"])
def any_app(request: pytest.FixtureRequest) -> Flask:
    """The whole site, and the probes, which use what no room uses yet."""
    name = "app" if request.param == "site" else "probe_app"
    found: Flask = request.getfixturevalue(name)
    return found


def _documented(spec: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (method.upper(), re.sub(r"{\w+}", "{}", path).rstrip("/"))
        for path, methods in spec["paths"].items()
        for method in methods
    }


def _routed(app: Flask) -> set[tuple[str, str]]:
    found = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "{}", rule.rule).rstrip("/")
        if path.startswith("/api/") and path not in NOT_DOCUMENTED:
            found |= {(method, path) for method in (rule.methods or ()) - {"HEAD", "OPTIONS"}}
    return found


def _operations(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_is_documented_and_every_documented_route_exists(any_app: Flask) -> None:
    documented, routed = _documented(document(any_app)), _routed(any_app)
    assert routed - documented == set()
    assert documented - routed == set()
    assert ("GET", "/api/openapi.json") in documented


def test_every_route_answers_with_and_without_its_last_slash(any_app: Flask) -> None:
    by_path: dict[str, set[str]] = {}
    for rule in any_app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.rule not in NOT_DOCUMENTED:
            by_path.setdefault(rule.rule, set()).update(rule.methods or ())
    with_slash = [path for path in by_path if path.endswith("/")]
    for path in with_slash:
        assert by_path[path] == by_path.get(path.rstrip("/")), path


def test_the_document_is_valid_openapi(any_app: Flask) -> None:
    """Against the meta-schema, as far as a library brings it along."""
    spec = json.loads(any_app.test_client().get("/api/openapi.json").data)
    assert spec["openapi"].startswith("3.1")
    for schema in spec["components"]["schemas"].values():
        meta.validate({"$schema": spec["jsonSchemaDialect"], **schema})
    ids = [operation["operationId"] for _, operation in _operations(spec)]
    assert len(ids) == len(set(ids))
    for name, operation in _operations(spec):
        assert operation["summary"], name
        assert operation["responses"], name
        assert {"400", "429"} <= operation["responses"].keys(), name
        _check_parameters(name, operation)


def _check_parameters(name: str, operation: dict[str, Any]) -> None:
    path = name.split(" ")[1]
    named = {p["name"] for p in operation.get("parameters", ()) if p.get("in") == "path"}
    assert named == set(re.findall(r"{(\w+)}", path)), name


def test_every_reference_leads_somewhere(any_app: Flask) -> None:
    spec = document(any_app)
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(spec)))
    assert references
    for reference in references:
        found: Any = spec
        for step in reference.split("/"):
            assert step in found, reference
            found = found[step]


def test_what_can_happen_is_listed(any_app: Flask) -> None:
    for name, operation in _operations(document(any_app)):
        statuses = operation["responses"].keys()
        method = name.split(" ")[0]
        assert {"400", "429", "503"} <= statuses, name
        if operation.get("security") != []:
            assert "401" in statuses, name
            if method != "GET":
                assert "403" in statuses, name
        if "requestBody" in operation:
            plain = "$ref" not in operation["responses"]["400"]
            assert {"413", "415"} | (set() if plain else {"422"}) <= statuses, name
        if "{" in name:
            assert "404" in statuses, name


def test_a_default_could_be_sent(app: Flask) -> None:
    """Validators refuse a document whose defaults break their own schema."""
    for model in document(app)["components"]["schemas"].values():
        for name, field in model.get("properties", {}).items():
            default = field.get("default")
            if isinstance(default, str):
                assert len(default) >= field.get("minLength", 0), (model["title"], name)


def test_files_of_lines_show_some(app: Flask) -> None:
    for name, operation in _operations(document(app)):
        content = operation["responses"].get("200", {}).get("content", {})
        if set(content) == {"text/csv"}:
            lines = content["text/csv"]["example"].splitlines()
            assert len(lines) >= 2, name
            assert len({line.count(",") for line in lines}) == 1, name


def test_examples_are_what_the_schemas_say(any_app: Flask) -> None:
    """A reader who copies an example sends something valid."""
    spec = document(any_app)
    for name, operation in _operations(spec):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            schema = {**content["schema"], "components": spec["components"]}
            try:
                validate(content["example"], schema)
            except Exception as error:
                raise AssertionError(f"{name}: {error}") from error


def test_every_body_and_every_answer_has_an_example_of_its_schema(any_app: Flask) -> None:
    spec, wrong = document(any_app), []
    for name, operation in _operations(spec):
        contents = [operation.get("requestBody", {}).get("content", {}).get("application/json")]
        for response in operation["responses"].values():
            contents.append(response.get("content", {}).get("application/json"))
        for content in filter(None, contents):
            assert "example" in content, name
            whole = {**content["schema"], "components": spec["components"]}
            if not Draft202012Validator(whole).is_valid(content["example"]):
                wrong.append((name, content["example"]))
    assert wrong == []


def test_every_failure_shows_its_problem(any_app: Flask) -> None:
    spec = document(any_app)
    problem = {"$ref": "#/components/schemas/Problem", "components": spec["components"]}
    statuses = set()
    for response in spec["components"]["responses"].values():
        example = response["content"]["application/problem+json"]["example"]
        validate(example, problem)
        assert example["code"] in CODES
        statuses.add(example["status"])
    assert statuses >= {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503}


def test_the_problem_schema_is_what_is_sent(probe_app: Flask) -> None:
    schema = document(probe_app)["components"]
    answer = probe_app.test_client().get("/api/fail/?kind=invalid")
    validate(answer.json, {"$ref": "#/components/schemas/Problem", "components": schema})
    with probe_app.test_request_context():
        required = set(schema["schemas"]["Problem"]["required"])
        assert required == Problem(400, "t", "d", "c").document().keys()


def test_an_answer_is_what_its_schema_says(
    probe_app: Flask, actor: Actor, call: Callable[..., Any]
) -> None:
    spec = document(probe_app)
    schema = spec["paths"]["/api/probes/"]["post"]["responses"]["201"]["content"]
    sent = {"name": "a", "cash": "1", "price": "1", "quantity": "1", "day": "2010-01-01"}
    for body in ({"name": "a"}, sent):
        answer = call("POST", "/api/probes/", json=body)
        whole = {**schema["application/json"]["schema"], "components": spec["components"]}
        validate(answer.json, whole)
    view = spec["components"]["schemas"]["ProbeView"]
    assert set(view["required"]) == view["properties"].keys()
    assert view["properties"]["cash"]["anyOf"][0]["type"] == "string"
    listed = call("GET", "/api/probes/").json
    pages = spec["paths"]["/api/probes/"]["get"]["responses"]["200"]["content"]
    validate(listed, {**pages["application/json"]["schema"], "components": spec["components"]})


def test_parameters_carry_their_limits(probe_app: Flask) -> None:
    spec = document(probe_app)
    found = {p["name"]: p for p in spec["paths"]["/api/probes/"]["get"]["parameters"]}
    assert set(found) == {"page", "page_size", "status", "from", "since", "least", "ordering"}
    assert found["page_size"]["schema"]["maximum"] == 200
    assert found["status"]["schema"]["enum"] == ["queued", "done"]
    assert not any(p["required"] for p in found.values())
    assert re.fullmatch(found["ordering"]["schema"]["pattern"], "-created_at,id")
    number = spec["paths"]["/api/probes/{number}/"]["get"]["parameters"][0]
    assert number["schema"]["maximum"] == 2**63 - 1


def test_anybody_may_read_it(any_app: Flask) -> None:
    for path in ("/api/openapi.json", "/api/docs"):
        answer = any_app.test_client().get(path)
        assert answer.status_code == 200


# --- the page ----------------------------------------------------------------------------------


def test_the_page_shows_every_operation(any_app: Flask) -> None:
    spec = document(any_app)
    page = any_app.test_client().get("/api/docs").get_data(as_text=True)
    for name, operation in _operations(spec):
        method, path = name.split(" ")
        assert f'id="{operation["operationId"]}"' in page
        assert f'data-method="{method}" data-path="{path}"' in page
    assert read(spec).count == len(list(_operations(spec)))


def test_the_page_keeps_to_the_content_policy(any_app: Flask) -> None:
    page = any_app.test_client().get("/api/docs").get_data(as_text=True)
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\son\w+=", page)
    assert not re.search(r'(src|href)="https?://(?!localhost)', page)


def test_the_page_carries_a_token_only_for_who_is_logged_in(probe_app: Flask, actor: Actor) -> None:
    client = probe_app.test_client()
    assert 'data-csrf=""' in client.get("/api/docs").get_data(as_text=True)
    headers = {"X-Probe": f"{actor.user_id} session write 0"}
    page = client.get("/api/docs", headers=headers).get_data(as_text=True)
    found = re.search(r'data-csrf="([^"]+)"', page)
    assert found
    answer = client.post(
        "/api/probes/", json={"name": "a"}, headers={**headers, "X-CSRFToken": found.group(1)}
    )
    assert answer.status_code == 201


def test_the_samples_of_the_page_are_accepted(probe_app: Flask, call: Callable[..., Any]) -> None:
    """What the try-out offers can be sent as it stands."""
    for _, entries in read(document(probe_app)).groups:
        for entry in entries:
            if entry.path == "/api/probes/" and entry.method == "POST":
                body = json.loads(entry.example)
                assert call("POST", entry.path, json=body).status_code == 201
                return
    raise AssertionError("the operation is not on the page")
