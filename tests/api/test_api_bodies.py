"""Every body of every service is strict: JSON types are what the document says."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from chassis.auth.access import api_routes
from chassis.web.models import Body
from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError
from registration.admission.forms import ParticipantForm, RegistrationForm

_BY_ITSELF = [RegistrationForm]
"""Read by their routes, without FastAPI."""

# By JSON type, values of other types that a lenient reader would take.
_WRONG: Mapping[str, list[Any]] = {
    "boolean": ["yes", "true", "1", 1, 0, 1.0],
    "integer": ["1", 1.5, 100.0, True],
    "number": ["1", True],
    "string": [0, 1, 1.5, True, ["a"]],
    "array": [{}, "a", 1],
    "object": [[], "a", 1],
}
_WRONG_FORM: Mapping[str, list[Any]] = {
    "date": ["0", "1577836800", "2020-1-1", "20200101", "2020-01-01T00:00:00Z"],
    "date-time": ["0", "1577836800", "2020-01-01", "2020-01-01T00:00:00"],
    "uuid": ["0", "x"],
}


def _bodies(apps: Mapping[str, FastAPI]) -> Iterator[type[BaseModel]]:
    yield from _BY_ITSELF
    for app in apps.values():
        for route in api_routes(app):
            for field in route.dependant.body_params:
                annotation: Any = field.field_info.annotation
                yield from [each for each in get_args(annotation) or (annotation,) if each is not type(None)]


def _parts(schema: Mapping[str, Any], within: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema's alternatives, references followed."""
    if "$ref" in schema:
        yield from _parts(within["$defs"][schema["$ref"].rpartition("/")[2]], within)
    elif "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _parts(each, within)
    else:
        yield schema


def _within(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models of its fields, such as the participants of a registration."""
    for field in kind.model_fields.values():
        for each in get_args(field.annotation):
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from (each, *_within(each))


def _wrong_values(schema: Mapping[str, Any], within: Mapping[str, Any]) -> Iterator[Any]:
    parts = [part for part in _parts(schema, within) if part.get("type") != "null"]
    types = {part["type"] for part in parts if "type" in part}
    for part in parts:
        yield from (value for value in _WRONG.get(part.get("type", ""), []) if not _is_one_of(value, types))
        yield from _WRONG_FORM.get(part.get("format", ""), [])


def _is_one_of(value: Any, types: set[str]) -> bool:
    kinds = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number") in types


def _refused_at(model: TypeAdapter[Any], name: str, value: Any) -> bool:
    try:
        model.validate_json(TypeAdapter(Any).dump_json({name: value}))
    except ValidationError as error:
        return any(each["loc"][:1] == (name,) for each in error.errors())
    return False


def _lenient(kind: type[BaseModel]) -> Iterator[str]:
    schema, model = kind.model_json_schema(), TypeAdapter(kind)
    for name, of in schema["properties"].items():
        for value in _wrong_values(of, schema):
            if not _refused_at(model, name, value):
                yield f"{kind.__name__}.{name} takes {value!r}"


def test_every_body_is_one_of_ours(apps: Mapping[str, FastAPI]) -> None:
    bodies = {kind for kind in _bodies(apps) if isinstance(kind, type)}
    assert len(bodies) > 15
    assert {kind.__name__ for kind in bodies if not issubclass(kind, Body)} == set()
    assert {kind.__name__ for kind in bodies if not kind.model_config.get("strict")} == set()


def test_no_body_takes_a_value_of_another_type(apps: Mapping[str, FastAPI]) -> None:
    models = dict.fromkeys(_bodies(apps))
    assert ParticipantForm in _within(RegistrationForm)
    lenient = [found for kind in models for each in (kind, *_within(kind)) for found in _lenient(each)]
    assert lenient == []


def test_the_walk_sees_a_lenient_body() -> None:
    class Lenient(BaseModel):
        flag: bool = False
        day: str = ""

    assert {"Lenient.flag takes 'yes'", "Lenient.flag takes 1"} <= set(_lenient(Lenient))
