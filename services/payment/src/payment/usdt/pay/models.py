"""Types that views of payments in USDT share."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

Usdt = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount.normalize():f}", return_type=str)]
"""An amount of USDT, without zeros at its end."""
