"""The OpenAPI documents name every error of every route, as it is served."""

from collections.abc import Iterator, Mapping
from typing import Any

from chassis.auth.access import Allow, api_routes, stated_access
from fastapi import FastAPI


def _operations(apps: Mapping[str, FastAPI]) -> Iterator[tuple[Any, str, Mapping[str, Any]]]:
    for app in apps.values():
        document = app.openapi()
        for route in api_routes(app):
            for method in route.methods or ():
                operation = document["paths"].get(route.path_format, {}).get(method.lower())
                if operation is not None:
                    yield route, f"{method} {route.path_format}", operation


def test_every_error_is_a_problem_document(apps: Mapping[str, FastAPI]) -> None:
    for _, name, operation in _operations(apps):
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (name, status)
                assert response["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def test_the_errors_follow_from_what_a_route_states(apps: Mapping[str, FastAPI]) -> None:
    seen = 0
    for route, name, operation in _operations(apps):
        statuses = set(operation["responses"])
        guarded = isinstance(stated_access(route), Allow)
        takes = operation.get("requestBody", {}).get("content", {})
        assert "503" in statuses, name
        assert ("401" in statuses) >= guarded, name
        assert ("403" in statuses) >= guarded, name
        assert ("security" in operation) == guarded, name
        assert ("`session_ended`" in str(operation["responses"].get("401"))) >= guarded, name
        assert ({"408", "413"} <= statuses) >= bool(takes), name
        assert ({"400", "415", "422"} <= statuses) >= ("application/json" in takes), name
        assert ({"400", "422"} <= statuses) >= ("multipart/form-data" in takes), name
        assert ("422" in statuses) >= bool(operation.get("parameters")), name
        seen += 1
    assert seen > 80


def test_no_document_speaks_of_another_error_format(apps: Mapping[str, FastAPI]) -> None:
    for app in apps.values():
        assert "HTTPValidationError" not in str(app.openapi())
        problem = app.openapi()["components"]["schemas"]["Problem"]
        assert {"type", "title", "status", "code", "detail", "errors", "correlation_id"} <= set(problem["required"])
