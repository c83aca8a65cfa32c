"""Additions to FastAPI's OpenAPI document: the access to each route and all errors that it can answer with."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import RouteContext

from chassis.auth.access import Allow, NotYours, api_routes, stated_access
from chassis.errors import (
    ExpiredToken,
    Forbidden,
    InvalidFields,
    InvalidToken,
    MalformedForm,
    MalformedJson,
    NotFound,
    NotJson,
    OutcomeUnknown,
    PayloadTooLarge,
    SessionEnded,
    StartlineError,
    TooSlow,
    Unauthenticated,
    Unavailable,
)
from chassis.web.problems import Problem, errors

_REPLACED = ("HTTPValidationError", "ValidationError")
_SCHEMA = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

Document = dict[str, Any]


def complete(app: FastAPI, document: Document) -> Document:
    """Return the document with the errors and the access of every operation added."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas.update(_problem_schemas())
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for route in api_routes(app):
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                _complete_operation(operation, route)
    return document


def _problem_schemas() -> Mapping[str, Any]:
    problem = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    return {**problem.pop("$defs", {}), "Problem": problem}


def _complete_operation(operation: Document, route: RouteContext) -> None:
    if isinstance(stated_access(route), Allow):
        operation["security"] = [{"token": []}]
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status, entry in errors(*_by_nature(operation, route)).items():
        known = responses.setdefault(str(status), {"description": ""})
        codes = [*filter(None, known["description"].split(" · ")), *entry["description"].split(" · ")]
        known["description"] = " · ".join(dict.fromkeys(codes))
    for status, response in responses.items():
        if status >= "400":
            response["content"] = _SCHEMA


def _by_nature(operation: Document, route: RouteContext) -> Iterator[type[StartlineError]]:
    """Yield the errors that follow from the route's input and access."""
    yield from (Unavailable, OutcomeUnknown)
    access = stated_access(route)
    if isinstance(access, Allow):
        yield from (Unauthenticated, InvalidToken, ExpiredToken, SessionEnded, Forbidden)
        if access.runner:
            yield NotYours
    if "{" in str(route.path_format):
        yield NotFound  # a path with a control character, see `chassis.web.middleware`
    taken = operation.get("requestBody", {}).get("content", {})
    if taken:
        yield from (PayloadTooLarge, TooSlow)
    if "application/json" in taken:
        yield from (MalformedJson, NotJson)
    if "multipart/form-data" in taken:
        yield MalformedForm
    if taken or operation.get("parameters"):
        yield InvalidFields
