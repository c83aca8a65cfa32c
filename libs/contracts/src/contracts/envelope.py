"""The envelope in which every event travels, and the registry of what may be inside."""

from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

_registry: dict[tuple[str, int], type["Payload"]] = {}


class Word(BaseModel):
    """A frozen value on the wire. Unknown fields are passed over: within a version only additions happen."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Payload(Word):
    """What one type and version of event says. Subclasses name both, they are never derived from the class."""

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


class Event(Word, Generic[PayloadT]):
    """Something that happened. `subject` is what it is about, mostly a registration."""

    event_id: UUID
    type: str
    version: int
    occurred_at: AwareDatetime
    source: str
    subject: UUID
    correlation_id: str
    payload: PayloadT

    @classmethod
    def of(cls, payload: Any, *, source: str, subject: UUID, occurred_at: datetime, correlation_id: str) -> Self:
        """A new event about `subject`, with an id of its own."""
        return cls(
            event_id=uuid4(),
            type=payload.TYPE,
            version=payload.VERSION,
            occurred_at=occurred_at,
            source=source,
            subject=subject,
            correlation_id=correlation_id,
            payload=payload,
        )

    def to_bytes(self) -> bytes:
        """The event as it travels: UTF-8 JSON."""
        return self.model_dump_json().encode()


class MalformedEvent(ValueError):
    """The body is not an event of the type and version it names."""


class UnknownEvent(ValueError):
    """An event of a type or version that this release has no word for."""


class _Head(Word):
    type: str
    version: int


def parse(body: bytes) -> Event[Any]:
    """The event in `body`.

    Raises:
        MalformedEvent: the body is not JSON, or a field is missing or wrong.
        UnknownEvent: the type and version are not in this release's contracts.
    """
    try:
        head = _Head.model_validate_json(body)
    except ValidationError as error:
        raise MalformedEvent(str(error)) from None
    payload = _registry.get((head.type, head.version))
    if payload is None:
        raise UnknownEvent(f"{head.type} v{head.version}")
    try:
        return Event[payload].model_validate_json(body)  # type: ignore[valid-type]  # the registry decides at run time
    except ValidationError as error:
        raise MalformedEvent(str(error)) from None


def registered() -> list[type[Payload]]:
    """Every payload class of this release, in the order of type and version."""
    return [_registry[key] for key in sorted(_registry)]
