"""Reading again what the passes may have missed, and proving what they found."""

from collections.abc import Collection, Sequence
from datetime import datetime

from payment.usdt.evm.rpc import Endpoint
from payment.usdt.watch.failures import Moved
from payment.usdt.watch.headers import MARGIN, Headers, newest_before, require_block
from payment.usdt.watch.rules import Seen

Received = tuple[bytes, bytes, int]
"""Hash of a transaction, recipient, and units of a transfer."""


async def find_missed(
    endpoint: Endpoint, recipients: Sequence[bytes], *, tokens: Sequence[bytes], since: datetime, last: int
) -> Sequence[Seen]:
    """Return all transfers to addresses from a moment up to a block, stored or not.

    Args:
        since: by the server's clock; it is read from somewhat earlier on.

    Raises:
        Moved, EndpointError.
    """
    end = await require_block(endpoint, last)
    first = await newest_before(endpoint, end, since - MARGIN)
    headers = Headers(endpoint, end)
    seen = []
    for transfer in await endpoint.transfers(recipients, first.number, last, tokens=tokens):
        block = await headers.at(transfer.block)
        if block.hash != transfer.block_hash:
            raise Moved(f"{endpoint.host}: two blocks {transfer.block}")
        seen.append(Seen(transfer, block.timestamp))
    return [each for each in seen if each.transfer.units]


async def unproven(endpoint: Endpoint, token: bytes, received: Sequence[Received]) -> Collection[bytes]:
    """Return the recipients of transfers of a token that the receipt of their transaction does not contain.

    Raises:
        EndpointError.
    """
    wrong = set()
    for tx_hash, recipient, units in received:
        there = await endpoint.transfers_of(tx_hash)
        if (token, recipient, units) not in {(each.token, each.recipient, each.units) for each in there}:
            wrong.add(recipient)
    return wrong
