"""Trying a server key before it is stored."""

import asyncio
from enum import StrEnum
from typing import Final
from uuid import uuid4

from chassis.errors import InvalidFields
from chassis.telemetry import logger
from chassis.wording import Wording

from payment.gateways.account import Account, GatewayAccess, check_form
from payment.gateways.port import GatewayError, KeyRefused, OrderUnknown

log = logger(__name__)

REFUSED_KEY: Final = Wording(
    en="is refused by Midtrans (401): copy it again from Access Keys; the sandbox and production have different ones",
    id="ditolak Midtrans (401): salin lagi dari Access Keys; sandbox dan production punya key yang berbeda",
)

_SECONDS: Final = 3.0


class KeyCheck(StrEnum):
    """What the trial of a server key showed: Midtrans accepts it, or gave no usable answer."""

    ACCEPTED = "accepted"
    NO_ANSWER = "no_answer"


async def try_key(access: GatewayAccess, server_key: str) -> KeyCheck:
    """Ask Midtrans with a server key about an order that does not exist. No call is made inside a transaction.

    Raises:
        InvalidFields: it has not the form of one, or Midtrans refuses it.
    """
    check_form(server_key)
    gateway = access.gateway(Account(server_key, None, ()))
    try:
        async with asyncio.timeout(_SECONDS):
            await gateway.status(f"key-check-{uuid4().hex}")
    except OrderUnknown:
        return KeyCheck.ACCEPTED
    except KeyRefused:
        raise InvalidFields(("server_key", REFUSED_KEY)) from None
    except (GatewayError, TimeoutError) as error:
        log.warning("server_key_not_tried", error=type(error).__name__)
        return KeyCheck.NO_ANSWER
    return KeyCheck.ACCEPTED
