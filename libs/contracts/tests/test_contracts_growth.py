"""Events may grow: what a newer release adds must not stop an older one."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import pytest
from contracts import (
    AccessLinksRequested,
    ContactKind,
    JerseySize,
    Payload,
    PaymentMethod,
    PaymentUploaded,
    RefundCause,
    RefundDue,
    RegistrationConfirmed,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationType,
    UnknownEvent,
    UsdtKept,
    UsdtKeptReason,
    WaitlistEnd,
    WaitlistEnded,
    WaitlistJoined,
    WaitlistOffered,
    parse,
)
from contracts.envelope import LONGEST_VALUE, Event, registered
from pydantic import BaseModel
from testkit.golden import golden, golden_path

KINDS = [pytest.param(kind, id=kind.TYPE) for kind in registered()]

NEWER_VALUES: list[tuple[type[Payload], tuple[str | int, ...], type[Enum]]] = [
    (AccessLinksRequested, ("kind",), ContactKind),
    (PaymentUploaded, ("payment_method",), PaymentMethod),
    (RegistrationCreated, ("registration_type",), RegistrationType),
    (WaitlistJoined, ("registration_type",), RegistrationType),
    (WaitlistOffered, ("registration_type",), RegistrationType),
    (WaitlistEnded, ("reason",), WaitlistEnd),
    (UsdtKept, ("reason",), UsdtKeptReason),
    (RefundDue, ("cause",), RefundCause),
    (RegistrationConfirmed, ("participants", 0, "jersey_size"), JerseySize),
    (RegistrationCorrected, ("participant", "jersey_size"), JerseySize),
]


def _enumerations(annotation: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], set[Any]]]:
    """Each enumeration in `annotation` with where it is and its alternatives."""
    literal = get_origin(annotation) is Literal
    alternatives = (annotation,) if literal else get_args(annotation) or (annotation,)
    for each in alternatives:
        if isinstance(each, type) and issubclass(each, BaseModel):
            for name, field in each.model_fields.items():
                yield from _enumerations(field.annotation, (*path, name))
        elif get_origin(each) is Literal or (isinstance(each, type) and issubclass(each, Enum)):
            yield path, {getattr(other, "__origin__", other) for other in alternatives}
        elif each is not annotation:
            yield from _enumerations(each, path)


def _closed(kind: type[BaseModel]) -> list[tuple[str, ...]]:
    return [path for path, alternatives in _enumerations(kind, ()) if str not in alternatives]


@pytest.mark.parametrize("kind", KINDS)
def test_every_enumeration_in_an_event_is_open(kind: type[Payload]) -> None:
    assert _closed(kind) == []


def test_a_closed_enumeration_would_be_seen_however_deep_it_is() -> None:
    class Inner(BaseModel):
        size: JerseySize

    class Outer(BaseModel):
        inner: tuple[Inner, ...] | None
        word: Literal["a", "b"]

    assert _closed(Outer) == [("inner", "size"), ("word",)]


def test_every_enumeration_is_among_those_that_are_tried() -> None:
    found = {(kind, path) for kind in registered() for path, _ in _enumerations(kind, ())}
    tried = {(kind, tuple(step for step in path if isinstance(step, str))) for kind, path, _ in NEWER_VALUES}

    assert found == tried


@pytest.mark.parametrize(
    ("kind", "path", "enumeration"), NEWER_VALUES, ids=[f"{kind.TYPE}-{path[-1]}" for kind, path, _ in NEWER_VALUES]
)
def test_a_value_of_a_newer_release_is_read_and_passed_on_as_it_is(
    kind: type[Payload], path: tuple[str | int, ...], enumeration: type[Enum]
) -> None:
    newer = json.loads(golden_path(kind).read_bytes())
    parent: Any = newer["payload"]
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = "of_tomorrow"

    event = parse(json.dumps(newer).encode())

    assert _at(event.payload, path) == "of_tomorrow"
    assert json.loads(event.to_bytes()) == newer
    assert isinstance(_at(golden(kind).payload, path), enumeration), "a known value is a member"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [2, 99])
def test_a_newer_version_of_an_event_is_unknown_and_not_malformed(kind: type[Payload], version: int) -> None:
    newer = {**json.loads(golden_path(kind).read_bytes()), "version": version, "payload": {"all": "is different"}}

    with pytest.raises(UnknownEvent, match=f"{kind.TYPE} v{version}"):
        parse(json.dumps(newer).encode())


def test_a_value_that_is_known_is_no_longer_than_what_listeners_store() -> None:
    values = [member.value for enumeration in (each for *_, each in NEWER_VALUES) for member in enumeration]

    assert max(map(len, values)) <= LONGEST_VALUE


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value


def test_the_envelope_itself_has_no_enumeration() -> None:
    assert list(_enumerations(Event[Any], ())) == []
