"""The envelope of every event, and the registry of payload types."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID, uuid4

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    computed_field,
)

_registry: dict[tuple[str, int], type["Payload"]] = {}


EnumT = TypeVar("EnumT", bound=StrEnum)

LONGEST_VALUE = 50
"""Maximum characters of a value of an open enumeration; database columns for such values have this length."""

Open = Annotated[
    EnumT | Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_VALUE)], Field(union_mode="left_to_right")
]
"""`Open[SomeEnum]`: the member if the value is known, otherwise the value as a string, as newer releases may add some.

Every enumeration in an event is open. Subscribers handle an unknown value as a plain string.
"""


class WireModel(BaseModel):
    """A frozen value in an event. Unknown fields are ignored, as fields are only added within a version."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Payload(WireModel):
    """The payload of one type and version of event. Subclasses set both; they are not derived from the class name."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if abstract:
            return
        key = (cls.TYPE, cls.VERSION)
        if key in _registry:
            raise TypeError(f"{key} is already taken by {_registry[key].__name__}")
        _registry[key] = cls


PayloadT = TypeVar("PayloadT", bound=Payload)


MessageId = Annotated[UUID, Field(validation_alias=AliasChoices("message_id", "event_id"))]
"""The id of a message. Messages of older releases have it as `event_id` only."""


class Event(WireModel, Generic[PayloadT]):
    """Something that happened, as a message. `subject` is what it is about, mostly a registration."""

    message_id: MessageId
    type: str
    version: int
    occurred_at: AwareDatetime
    source: str
    subject: UUID
    correlation_id: str
    payload: PayloadT

    @classmethod
    def of(cls, payload: Any, *, source: str, subject: UUID, occurred_at: datetime, correlation_id: str) -> Self:
        """Return a new event about `subject`, with a new id."""
        return cls(
            message_id=uuid4(),
            type=payload.TYPE,
            version=payload.VERSION,
            occurred_at=occurred_at,
            source=source,
            subject=subject,
            correlation_id=correlation_id,
            payload=payload,
        )

    @computed_field(description="`message_id` under the name that older releases read.")  # type: ignore[prop-decorator]
    @property
    def event_id(self) -> UUID:
        """Return `message_id`, for releases that read it under this name. It is not the id of a race."""
        return self.message_id

    def to_bytes(self) -> bytes:
        """Return the serialized event: UTF-8 JSON."""
        return self.model_dump_json().encode()


class MalformedEvent(ValueError):
    """The body is not an event of the type and version that it names."""


class UnknownEvent(ValueError):
    """An event of a type or version that is not in this release's contracts."""


class Head(WireModel):
    """The part of the envelope that all releases share; it can be parsed for types and versions of newer ones."""

    message_id: MessageId
    type: Annotated[str, StringConstraints(pattern=r"^[\w.-]+\z", max_length=100)]
    version: int
    source: str
    correlation_id: str


def parse_head(body: bytes) -> Head:
    """Return the head of the event in `body` without reading its payload.

    Raises:
        MalformedEvent: the body is not JSON, or a field of the head is missing or wrong.
    """
    try:
        return Head.model_validate_json(body)
    except ValidationError as error:
        raise MalformedEvent(str(error)) from None


def parse(body: bytes) -> Event[Any]:
    """Return the event in `body`.

    Raises:
        MalformedEvent: the body is not JSON, or a field is missing or wrong.
        UnknownEvent: the type and version are not in this release's contracts.
    """
    head = parse_head(body)
    payload = _registry.get((head.type, head.version))
    if payload is None:
        raise UnknownEvent(f"{head.type} v{head.version}")
    try:
        return Event[payload].model_validate_json(body)  # type: ignore[valid-type]  # the type parameter is only known at run time
    except ValidationError as error:
        raise MalformedEvent(str(error)) from None


def registered() -> list[type[Payload]]:
    """Return every payload class of this release, in the order of type and version."""
    return [_registry[key] for key in sorted(_registry)]
