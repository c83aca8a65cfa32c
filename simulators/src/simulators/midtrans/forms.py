"""Parsing and validating the bodies of requests."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, StrictInt, ValidationError, field_validator, model_validator

from simulators.midtrans.channels import (
    INACTIVE,
    LONGEST_EXPIRY,
    SHORTEST_EXPIRY,
    VA_DIGITS,
    Bank,
    Channel,
    PaymentType,
)
from simulators.midtrans.errors import ChannelInactive, InvalidRequest

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
Rupiah = Annotated[StrictInt, Field(ge=1, lt=10**12)]
F = TypeVar("F", bound=BaseModel)


class TransactionDetails(BaseModel):
    order_id: str = Field(pattern=r"^[A-Za-z0-9_~.-]{1,50}$")
    gross_amount: Rupiah


class Item(BaseModel):
    """An item; a discount has a negative price."""

    price: StrictInt
    quantity: Annotated[StrictInt, Field(ge=1)]
    name: str = Field(min_length=1, max_length=50)


class Qris(BaseModel):
    acquirer: Literal["gopay", "airpay shopee"] = "gopay"


class BankTransfer(BaseModel):
    bank: Bank
    va_number: str | None = Field(None, pattern=r"^[0-9]+$")

    @model_validator(mode="after")
    def _check_digits(self) -> Self:
        if self.va_number is not None and len(self.va_number) not in VA_DIGITS[self.bank]:
            raise ValueError(f"va_number has a wrong length for {self.bank}")
        return self


class CustomExpiry(BaseModel):
    """How long an order may be paid, from `order_time` or else from the charge."""

    order_time: datetime | None = None
    expiry_duration: Annotated[StrictInt, Field(ge=1, le=LONGEST_EXPIRY.total_seconds())]
    unit: Literal["second", "minute", "hour", "day"] = "minute"

    @field_validator("order_time", mode="before")
    @classmethod
    def _read_time(cls, value: object) -> datetime | None:
        return None if value is None else datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S %z")

    @property
    def duration(self) -> timedelta:
        return timedelta(seconds=self.expiry_duration * _SECONDS[self.unit])

    @model_validator(mode="after")
    def _check_duration(self) -> Self:
        if not SHORTEST_EXPIRY <= self.duration <= LONGEST_EXPIRY:
            raise ValueError("expiry_duration must be between 20 seconds and 180 days")
        return self


class OrderForm(BaseModel):
    """What charges and Snap transactions have in common; unknown fields are ignored."""

    transaction_details: TransactionDetails
    item_details: list[Item] | None = None

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        items, amount = self.item_details, self.transaction_details.gross_amount
        if items is not None and sum(item.price * item.quantity for item in items) != amount:
            raise ValueError("transaction_details.gross_amount is not equal to the sum of item_details")
        return self


class ChargeForm(OrderForm):
    payment_type: PaymentType
    qris: Qris = Qris()
    bank_transfer: BankTransfer | None = None
    custom_expiry: CustomExpiry | None = None

    @model_validator(mode="after")
    def _check_bank(self) -> Self:
        if self.payment_type is PaymentType.BANK_TRANSFER and self.bank_transfer is None:
            raise ValueError("bank_transfer is required")
        return self

    @property
    def channel(self) -> Channel:
        is_transfer = self.payment_type is PaymentType.BANK_TRANSFER
        return Channel(
            self.payment_type,
            bank=self.bank_transfer.bank if self.bank_transfer and is_transfer else None,
            acquirer=self.qris.acquirer if self.payment_type is PaymentType.QRIS else None,
        )

    @property
    def wanted_va_number(self) -> str | None:
        """Return the virtual account number that the merchant chose; None if Midtrans shall choose it."""
        return self.bank_transfer.va_number if self.bank_transfer else None

    def expires_at(self, now: datetime) -> datetime:
        """Return the expiry time.

        Raises:
            InvalidRequest: it is in the past, or more than 180 days ahead.
        """
        if self.custom_expiry is None:
            return now + self.channel.default_expiry
        left = (self.custom_expiry.order_time or now) - now + self.custom_expiry.duration
        if not timedelta(0) < left <= LONGEST_EXPIRY:
            raise InvalidRequest("custom_expiry must end in the future, at most 180 days from now")
        return now + left


class RefundForm(BaseModel):
    """A refund; without `amount`, of everything that is left."""

    refund_key: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,255}$")
    amount: Rupiah | None = None
    reason: str = ""


def read_charge(body: dict[str, Any]) -> ChargeForm:
    """Return the charge that `body` asks for.

    Raises:
        ChannelInactive: the payment type exists and is not activated.
        InvalidRequest: with a message for each field.
    """
    if str(body.get("payment_type")) in INACTIVE:
        raise ChannelInactive
    return read_form(ChargeForm, body)


def read_form(kind: type[F], body: dict[str, Any]) -> F:
    """Return `body` as a `kind`.

    Raises:
        InvalidRequest: with a message for each field.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as invalid:
        raise InvalidRequest(*(_message(error["loc"], error["msg"]) for error in invalid.errors())) from None


def _message(place: tuple[int | str, ...], text: str) -> str:
    return f"{'.'.join(map(str, place))} {text}".strip()
