"""Common types and bases of request and response models."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Generic, Self, TypeVar

from fastapi import Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import core_schema

from chassis.canonical.links import refuse_links
from chassis.canonical.names import clean_line, clean_text
from chassis.errors import InvalidFields
from chassis.web.refusals import NO_DAY, NO_MOMENT
from chassis.wording import Refused, Wording

T = TypeVar("T")

INVALID_AMOUNT: Final = Wording(
    en='Write the amount as a text of digits, "150000" or with two decimals "150000.00".',
    id='Tulis jumlah sebagai teks berisi angka, "150000" atau dengan dua desimal "150000.00".',
)
NOTHING_TO_CHANGE: Final = Wording(en="Name at least one field to change.", id="Sebutkan paling sedikit satu isian.")
CANNOT_BE_EMPTY: Final = Wording(en="This cannot be empty.", id="Isian ini tidak boleh kosong.")
NO_SLUG: Final = Wording(
    en="Use only letters, digits, dashes and underscores.",
    id="Pakai hanya huruf, angka, tanda hubung, dan garis bawah.",
)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_AMOUNT: Final = r"[0-9]{1,10}(\.[0-9]{2})?"


@dataclass(frozen=True)
class Matching:
    """A text has to match a pattern; otherwise it is refused with the wording, which describes correct input.

    Args:
        pattern: for the whole text; it is also in the OpenAPI document.
    """

    pattern: str
    wording: Wording

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^{self.pattern}$"}

    def _checked(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise Refused(self.wording)
        return text


def _text_by(read: Callable[[str], Any]) -> BeforeValidator:
    """Return a validator that parses texts with `read` and leaves other values to the type."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


def _day(text: str) -> date:
    """Parse a date. Pydantic would also accept a text of seconds since 1970."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Refused(NO_DAY) from None
    if not _DAY.fullmatch(text):
        raise Refused(NO_DAY)
    return found


def _moment(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise Refused(NO_MOMENT)
    try:
        found = datetime.fromisoformat(text.upper())
        found.astimezone(UTC)  # raises if it is outside the calendar
    except (ValueError, OverflowError):
        raise Refused(NO_MOMENT) from None
    return found


def _amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(_AMOUNT, value):
        return Decimal(value)
    raise Refused(INVALID_AMOUNT)


def _none_if_blank(value: Any) -> Any:
    """Return None for a text without a visible character, otherwise the value."""
    blank = isinstance(value, str) and not any(char.isprintable() and char != " " for char in value)
    return None if blank else value


Line = Annotated[str, _text_by(clean_line), StringConstraints(min_length=1, max_length=255)]
"""One line of visible text; see `chassis.canonical.names`."""


def _without_links(line: str) -> str:
    refuse_links(line)
    return line


Label = Annotated[Line, AfterValidator(_without_links)]
"""A name that other people read: one line that chats and mail programs do not turn into a link."""

Text = Annotated[str, _text_by(clean_text), StringConstraints(min_length=1, max_length=5000)]
"""Visible text that may have several lines."""

LongText = Annotated[str, _text_by(clean_text), StringConstraints(min_length=1, max_length=20_000)]
"""Visible text of several pages, such as the rules of a race."""

LineOrEmpty = Annotated[str, _text_by(clean_line), StringConstraints(max_length=255)]
"""One line of visible text, or an empty text where that has a meaning."""

SearchText = Annotated[str, _text_by(clean_line), StringConstraints(max_length=100)]
"""Text of a search field."""

OrNone = Annotated[T | None, BeforeValidator(_none_if_blank)]
"""Optional text; an empty text means None."""

Slug = Annotated[str, StringConstraints(min_length=1, max_length=255), Matching(r"[A-Za-z0-9_-]+", NO_SLUG)]
"""Letters, digits, dashes and underscores."""

Day = Annotated[date, _text_by(_day)]
"""A date as YYYY-MM-DD."""

Moment = Annotated[AwareDatetime, _text_by(_moment)]
"""A date and time with offset, as in RFC 3339."""

Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    Field(ge=0, max_digits=12, decimal_places=2),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_AMOUNT}$", "examples": ["150000.00"]}),
]
"""Money. In JSON it is a text of digits, optionally with a dot and two decimals; responses always have the decimals."""

Total = Annotated[Decimal, PlainSerializer(lambda total: f"{total:.2f}", return_type=str, when_used="json")]
"""A sum of amounts, without the maximum of a single amount; it may be negative."""

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=500)]


class Body(BaseModel):
    """A request body. Unknown fields and values of another JSON type than the documented one are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Changes(Body):
    """Fields to change; missing ones stay unchanged."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _something_sensible(self) -> Self:
        if not self.model_fields_set:
            raise Refused(NOTHING_TO_CHANGE)
        emptied = [name for name in self.model_fields_set - self.NULLABLE if getattr(self, name) is None]
        if emptied:
            raise InvalidFields(*((name, CANNOT_BE_EMPTY) for name in sorted(emptied)))
        return self

    def fields(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return self.model_dump(exclude_unset=True)


class View(BaseModel):
    """A response body."""

    model_config = ConfigDict(from_attributes=True)


class Words(View):
    """One text in both languages."""

    en: str
    id: str


ItemT = TypeVar("ItemT")


class Page(BaseModel, Generic[ItemT]):
    """A page of a list. `next_cursor` requests the following page; null on the last one."""

    items: list[ItemT]
    next_cursor: str | None = None
