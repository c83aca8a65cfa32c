"""Probing of endpoints before they are used: whether one serves the network, and all that is asked of it later."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from payment.usdt.evm.addresses import keccak
from payment.usdt.evm.models import TRANSFER, Block, padded
from payment.usdt.evm.rpc import Endpoint, EndpointDown, EndpointLies, EndpointPrivate, EndpointRefused

FARTHEST_HEAD: Final = timedelta(minutes=5)
"""Of the newest block's time from now. All networks make a block within seconds."""

_LONGEST: Final = 20.0
"""Seconds for all questions to one endpoint."""

_NO_ACCOUNT: Final = keccak(b"startline: probing of logs")[-20:]
"""An address without transfers, as no private key belongs to it."""


class Fault(StrEnum):
    """Why an endpoint cannot be used.

    Attributes:
        PRIVATE: it has an address of the platform's own network.
        DOWN: it cannot be reached, is too slow, or throttles.
        REFUSED: it answers with errors, for example about its key.
        UNREADABLE: its answers are not those of a node.
        WRONG_CHAIN: it serves another network.
        BEHIND: its newest block is too old, or ahead of the clock.
        NOT_A_TOKEN: there is no token at the contract's address.
        WRONG_DECIMALS: the token has other decimals than the settings.
        NO_LOGS: it does not serve logs.
        LOG_RANGE: it serves logs of fewer blocks at once than its setting says.
        NO_FINALIZED: it does not know the finalized block, by which transfers are to be confirmed.
    """

    PRIVATE = "private"
    DOWN = "down"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    WRONG_CHAIN = "wrong_chain"
    BEHIND = "behind"
    NOT_A_TOKEN = "not_a_token"  # noqa: S105  # a token on a chain
    WRONG_DECIMALS = "wrong_decimals"
    NO_LOGS = "no_logs"
    LOG_RANGE = "log_range"
    NO_FINALIZED = "no_finalized"


@dataclass(frozen=True)
class Expected:
    """What an endpoint has to serve.

    Attributes:
        finalized: whether transfers are confirmed by the finalized block.
        all_tokens: whether logs are asked for without naming a contract.
    """

    chain_id: int
    token_contract: bytes
    decimals: int
    finalized: bool
    all_tokens: bool


@dataclass(frozen=True)
class Finding:
    """What is wrong with an endpoint. `accepted`: maximum blocks in one request for logs, if that was found out."""

    fault: Fault
    accepted: int = 0


async def probe_all(endpoints: Sequence[Endpoint], expected: Expected, *, now: datetime) -> Sequence[Finding | None]:
    """Return what is wrong with each endpoint; None for one that can be used. All are probed at the same time."""
    return await asyncio.gather(*(probe(each, expected, now=now) for each in endpoints))


async def probe(endpoint: Endpoint, expected: Expected, *, now: datetime) -> Finding | None:
    """Return what is wrong with an endpoint; None if it can be used."""
    try:
        async with asyncio.timeout(_LONGEST):
            return await _first_finding(endpoint, expected, now)
    except EndpointPrivate:
        return Finding(Fault.PRIVATE)
    except (EndpointDown, TimeoutError):
        return Finding(Fault.DOWN)
    except EndpointRefused:
        return Finding(Fault.REFUSED)
    except EndpointLies:
        return Finding(Fault.UNREADABLE)


async def _first_finding(endpoint: Endpoint, expected: Expected, now: datetime) -> Finding | None:
    if await endpoint.chain_id() != expected.chain_id:
        return Finding(Fault.WRONG_CHAIN)
    head = await endpoint.head()
    if abs(now - head.timestamp) > FARTHEST_HEAD:
        return Finding(Fault.BEHIND)
    return (
        await _about_token(endpoint, expected)
        or await _about_logs(endpoint, expected, head)
        or (await _about_finality(endpoint) if expected.finalized else None)
    )


async def _about_token(endpoint: Endpoint, expected: Expected) -> Finding | None:
    try:
        decimals = await endpoint.decimals(expected.token_contract)
    except (EndpointRefused, EndpointLies):
        return Finding(Fault.NOT_A_TOKEN)
    return None if decimals == expected.decimals else Finding(Fault.WRONG_DECIMALS)


async def _about_logs(endpoint: Endpoint, expected: Expected, head: Block) -> Finding | None:
    accepted = wanted = endpoint.log_range
    while accepted and not await _serves_logs(endpoint, expected, head, accepted):
        accepted //= 2
    if not accepted:
        return Finding(Fault.NO_LOGS)
    return Finding(Fault.LOG_RANGE, accepted) if accepted < wanted else None


async def _serves_logs(endpoint: Endpoint, expected: Expected, head: Block, blocks: int) -> bool:
    """Return whether logs of so many blocks are served at once. Halving inside the client would read all of them."""
    contract = {} if expected.all_tokens else {"address": [f"0x{expected.token_contract.hex()}"]}
    topics = [f"0x{TRANSFER.hex()}", None, [f"0x{padded(_NO_ACCOUNT).hex()}"]]
    where = {"fromBlock": hex(max(0, head.number - blocks + 1)), "toBlock": hex(head.number)}
    try:
        answer = await endpoint.call("eth_getLogs", {**where, **contract, "topics": topics})
    except EndpointRefused:
        return False
    if not isinstance(answer, list):
        raise EndpointLies("no list of logs")
    return True


async def _about_finality(endpoint: Endpoint) -> Finding | None:
    try:
        await endpoint.head("finalized")
    except (EndpointRefused, EndpointLies):
        return Finding(Fault.NO_FINALIZED)
    return None
