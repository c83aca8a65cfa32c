"""Types that routes about payments in USDT share."""

from decimal import Decimal
from typing import Annotated

from chassis.web.models import Body, Line, Text
from pydantic import Field, PlainSerializer

Usdt = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount.normalize():f}", return_type=str)]
"""An amount of USDT, without zeros at its end."""

Reason = Annotated[Text, Field(max_length=1000)]


class AddressByStaff(Body):
    """Where a runner wants USDT back, and how staff know that; never where they came from, often an exchange's."""

    network: Annotated[Line, Field(max_length=20)]
    address: Annotated[Line, Field(max_length=100)]
    reason: Reason


class Correction(Body):
    """The hash of the transaction that gave money back, and why another one was recorded."""

    reference: Line
    reason: Reason
