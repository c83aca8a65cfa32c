"""What bodies are made of: JSON types as documented, money, dates, text."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from chassis.web.models import Amount, Body, Day, Line, Moment, OrNone, SearchText, Text
from pydantic import Field, TypeAdapter, ValidationError


class Size(StrEnum):
    """Some sizes."""

    SMALL = "s"


class Order(Body):
    """One field of each type."""

    flag: bool = False
    count: int = 0
    day: Day | None = None
    moment: Moment | None = None
    id: UUID | None = None
    amount: Amount | None = None
    size: Size | None = None
    colour: Literal["red"] | None = None
    line: OrNone[Line] = None
    text: OrNone[Annotated[Text, Field(max_length=20)]] = None
    many: tuple[int, ...] = ()


def _read(**fields: Any) -> Order:
    return TypeAdapter(Order).validate_json(TypeAdapter(Any).dump_json(fields))


WRONG: dict[str, list[Any]] = {
    "flag": ["yes", "true", 1, 0, ""],
    "count": [1.0, "1", True, 1e3],
    "day": [0, "0", "1577836800", "2020-01-01T00:00:00", "2020-1-1", "20200101", "2020-W01-1", "2020-02-30"],
    "moment": [
        *(0, "0", "1577836800", "2020-01-01", "2020-01-01T00:00:00", "20200101T000000Z", "2020-02-30T00:00:00Z"),
        *("0001-01-01T00:00:00+14:00", "2020-01-01T00:00:00+99:00"),
    ],
    "id": [7, "7", True],
    "size": ["S", 1, ""],
    "colour": ["Red", 1],
    "line": [1, True, "a\nb", "a\u2028b", "\u3164", "x" * 256],
    "text": [1, "\u3164", "x" * 21, "a\x00b"],
    "many": [{}, "1", 1, ["1"]],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_value_of_another_type_or_form_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        _read(**{field: value})
    assert refused.value.errors()[0]["loc"][0] == field


def test_values_of_their_types_are_read() -> None:
    order = _read(
        flag=True,
        count=7,
        day="2020-02-29",
        moment="2020-02-29T07:00:00.5+07:00",
        id="8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11",
        size="s",
        colour="red",
        line=" Cafe\u0301  Nol ",
        text="a\r\nb",
    )
    assert (order.flag, order.count, order.day, order.size) == (True, 7, date(2020, 2, 29), Size.SMALL)
    assert (order.line, order.text) == ("Caf\u00e9 Nol", "a\nb")
    assert order.moment is not None
    assert order.moment.isoformat() == "2020-02-29T07:00:00.500000+07:00"


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u200b", "\u00a0\ufeff", None])
def test_an_optional_text_that_is_empty_means_none(blank: str | None) -> None:
    order = _read(line=blank, text=blank)
    assert (order.line, order.text) == (None, None)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("150000", "150000"), ("150000.00", "150000"), ("0", "0"), ("0.50", "0.5"), ("9999999999.99",) * 2],
)
def test_money_is_digits_with_two_decimals_or_none(typed: str, amount: str) -> None:
    assert _read(amount=typed).amount == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    [
        *("150.000", "1.500.000", "150,000", "150.000,00", "1.5e5", "1E5", "150_000", "\uff11\uff15\uff10"),
        *("150000.000", "150000.0", "150000.", ".50", "-1", "+1", " 1", "1 ", "1\n", "", "Rp 150000", "NaN"),
        *("Infinity", "0x10", "99999999999", 150000, 150000.0, 1.5, True, [], {}),
    ],
)
def test_what_could_be_another_amount_is_refused(typed: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        _read(amount=typed)
    assert '"150000.00"' in str(refused.value)


def test_money_is_answered_as_it_is_documented() -> None:
    amounts = TypeAdapter(Amount)
    assert amounts.dump_json(Decimal(150000)) == b'"150000.00"'
    assert amounts.json_schema() == amounts.json_schema(mode="serialization")
    assert amounts.json_schema()["type"] == "string"


def test_a_search_may_be_empty_and_never_hides_anything() -> None:
    search = TypeAdapter(SearchText)
    assert search.validate_python("") == ""
    assert search.validate_python(" Ma\u2019ruf\u200b ") == "Ma\u2019ruf"
    with pytest.raises(ValidationError):
        search.validate_python("a\x00b")
