"""Pieces that request and response models are made of."""

import base64
import binascii
import json
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from chassis.canonical.names import refuse_links
from chassis.errors import InvalidFields

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_MANY_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=_ONE_LINE)]
"""One line of text without control characters."""


def _without_links(line: str) -> str:
    refuse_links(line)
    return line


Label = Annotated[Line, AfterValidator(_without_links)]
"""A name that other people read: one line in which chats and mail programs find no link."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000, pattern=_MANY_LINES)]
"""Text that may have several lines."""

SearchText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=_ONE_LINE)]
"""What somebody typed into a search field."""

Slug = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_-]+$")]
"""Letters, digits, dashes and underscores."""

Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=2),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str, when_used="json"),
]
"""Money: a string with two decimals in JSON."""

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=500)]


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(from_attributes=True)


ItemT = TypeVar("ItemT")


class Page(BaseModel, Generic[ItemT]):
    """A page of a list. `next_cursor` gets the following one; null at the end."""

    items: list[ItemT]
    next_cursor: str | None = None


def encode_cursor(*position: Any) -> str:
    """An opaque cursor for the position of a page's last row."""
    raw = json.dumps(position, default=str, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, *, parts: int) -> list[Any]:
    """The position in `cursor`.

    Raises:
        InvalidFields: not a cursor of ours.
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != parts:
        raise InvalidFields(("cursor", "is not a cursor of this list"))
    return found
