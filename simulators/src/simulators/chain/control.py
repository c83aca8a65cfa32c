"""What is sent to control a chain, and what is shown of it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from itertools import islice
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from simulators.chain.blocks import Block
from simulators.chain.chain import Chain
from simulators.chain.encoding import data, parse_data
from simulators.chain.endpoint import Endpoint
from simulators.chain.faults import Lie, RangeRefusal
from simulators.chain.network import ChainNetwork
from simulators.chain.transfers import FAUCET, Transaction, Transfer

SHOWN = 100
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])
_LATEST = 1_000_000

HexAddress = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]


class Unsendable(Exception):
    """A transfer that cannot be made."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Sending(_Form):
    """A transfer of `amount` tokens; of the configured token, unless another one is named."""

    to: HexAddress
    amount: Decimal = Field(ge=0, lt=10**30, allow_inf_nan=False)
    token: HexAddress | None = None
    sender: HexAddress | None = None


class Mining(_Form):
    """Blocks to mine at once, without waiting for the time that they take."""

    blocks: int = Field(1, ge=1, le=10_000)


class Reorganisation(_Form):
    """Replaces the newest `depth` blocks; their transactions are mined again if `keep`, otherwise dropped."""

    depth: int = Field(1, ge=1, le=1_000)
    keep: bool = False


class Faults(_Form):
    """Faults of an endpoint, see `Endpoint`. Those that are not sent are removed."""

    down: bool = False
    lag: int = Field(0, ge=0, le=_LATEST)
    forgets: int = Field(0, ge=0, le=_LATEST)
    log_range: int | None = Field(None, ge=1)
    range_refusal: RangeRefusal = RangeRefusal.RETH
    state_blocks: int | None = Field(None, ge=1)
    needs_address: bool = False
    batch_limit: int | None = Field(None, ge=0)
    throttled: bool = False
    lies: Lie | None = None


class TransactionItem(BaseModel):
    tx_hash: str


class TokenItem(BaseModel):
    address: str
    name: str
    decimals: int


class TransferItem(BaseModel):
    """A transfer. `amount` is in units if the token is unknown; `block` and `time` are null while it is pending."""

    tx_hash: str
    token: str
    sender: str
    to: str
    amount: str
    reverted: bool
    block: int | None = None
    time: datetime | None = None


class ChainState(BaseModel):
    """The chain, its endpoints' faults, and its newest transfers, newest first."""

    chain_id: int
    head: int
    time: datetime
    tokens: list[TokenItem]
    endpoints: dict[str, Faults]
    transfers: list[TransferItem]


def chain_state(network: ChainNetwork) -> ChainState:
    chain = network.chain
    tokens = chain.tokens.values()
    return ChainState(
        chain_id=chain.chain_id,
        head=chain.head,
        time=chain.time(chain.head),
        tokens=[TokenItem(address=data(each.address), name=each.name, decimals=each.decimals) for each in tokens],
        endpoints={name: shown_faults(endpoint) for name, endpoint in network.endpoints.items()},
        transfers=list(islice(_transfers(chain), SHOWN)),
    )


def read_transfer(sending: Sending, network: ChainNetwork) -> Transfer:
    """Return the transfer that is asked for.

    Raises:
        Unsendable: the token is unknown, or has fewer decimals than the amount.
    """
    token = network.chain.tokens.get(parse_data(sending.token) if sending.token else network.usdt)
    if token is None:
        raise Unsendable("There is no such token.")
    try:
        units = int(sending.amount.scaleb(token.decimals, _EXACT).to_integral_exact(context=_EXACT))
    except DecimalException:
        raise Unsendable(f"The token has {token.decimals} decimals.") from None
    sender = parse_data(sending.sender) if sending.sender else FAUCET
    return Transfer(token.address, parse_data(sending.to), units, sender)


def shown_faults(endpoint: Endpoint) -> Faults:
    return Faults(**{name: getattr(endpoint, name) for name in Faults.model_fields})


def set_faults(endpoint: Endpoint, faults: Faults) -> None:
    for name in Faults.model_fields:
        setattr(endpoint, name, getattr(faults, name))


def _transfers(chain: Chain) -> Iterator[TransferItem]:
    """Return transfers, newest first; those that are pending come first."""
    for transaction in reversed(chain.pending):
        yield from _transfer_items(chain, transaction, None)
    for block in reversed(list(chain.paying_blocks(0, chain.head))):
        for transaction in reversed(block.transactions):
            yield from _transfer_items(chain, transaction, block)


def _transfer_items(chain: Chain, transaction: Transaction, block: Block | None) -> Iterator[TransferItem]:
    for transfer in transaction.transfers:
        token = chain.tokens.get(transfer.token)
        amount = Decimal(transfer.units).scaleb(-token.decimals if token else 0, _EXACT)
        yield TransferItem(
            tx_hash=data(transaction.hash),
            token=data(transfer.token),
            sender=data(transfer.sender),
            to=data(transfer.to),
            amount=f"{amount:f}",
            reverted=transaction.reverted,
            block=block and block.number,
            time=block and block.time,
        )
