"""What is read from a network: blocks, logs, receipts, and the transfers of ERC-20 tokens in them.

Source: execution-apis (types of the JSON-RPC API) and ERC-20. Numbers and bytes are hexadecimal there.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from payment.usdt.evm.addresses import ADDRESS_BYTES

TRANSFER: Final = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
"""Keccak-256 of `Transfer(address,address,uint256)`. ERC-721 has the same, with a fourth topic and no data."""

WORD: Final = 32
"""Bytes of a topic, a hash, or an encoded number."""

_PADDING: Final = bytes(WORD - ADDRESS_BYTES)
_TRANSFER_TOPICS: Final = 3
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999."""
_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


def _quantity(value: Any) -> Any:
    if isinstance(value, str):
        if not _QUANTITY.fullmatch(value):
            raise ValueError("not a quantity")
        return int(value, 16)
    return value


def _data(value: Any) -> Any:
    if isinstance(value, str):
        if not _DATA.fullmatch(value):
            raise ValueError("not hexadecimal data")
        return bytes.fromhex(value[2:])
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    seconds = _quantity(value)
    if not isinstance(seconds, int) or not 0 <= seconds <= _LATEST:
        raise ValueError("not a time")
    return datetime.fromtimestamp(seconds, UTC)


Quantity = Annotated[int, Field(strict=True, ge=0), BeforeValidator(_quantity)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Data = Annotated[bytes, Field(strict=True), BeforeValidator(_data)]
Word = Annotated[bytes, Field(strict=True, min_length=WORD, max_length=WORD), BeforeValidator(_data)]
Account = Annotated[
    bytes, Field(strict=True, min_length=ADDRESS_BYTES, max_length=ADDRESS_BYTES), BeforeValidator(_data)
]


class _Read(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True, extra="ignore")


class Block(_Read):
    """The header of a block, as far as it is used."""

    number: Quantity
    hash: Word
    parent_hash: Word
    timestamp: Moment


class Log(_Read):
    """An event that a contract logged in a transaction. `removed` is one of a block that was reorganized away."""

    address: Account
    topics: tuple[Word, ...]
    data: Data
    block_number: Quantity
    block_hash: Word
    transaction_hash: Word
    log_index: Quantity
    removed: bool = False


class Receipt(_Read):
    """What a transaction did. `status` is 1, or 0 if it was reverted."""

    transaction_hash: Word
    status: Quantity
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of an ERC-20 token, identified by network, `tx_hash` and `log_index`.

    Attributes:
        token: the contract that logged it. Anyone can deploy one that logs what it likes.
        units: in the smallest unit of the token.
    """

    token: bytes
    sender: bytes
    recipient: bytes
    units: int
    block: int
    block_hash: bytes
    tx_hash: bytes
    log_index: int


def as_transfer(log: Log) -> Transfer | None:
    """Return the transfer that a log is; None if it is another event, of an ERC-721 token, or of a removed block."""
    if log.removed or len(log.topics) != _TRANSFER_TOPICS or len(log.data) != WORD:
        return None
    event, sender, recipient = log.topics
    if event != TRANSFER or not sender.startswith(_PADDING) or not recipient.startswith(_PADDING):
        return None
    return Transfer(
        token=log.address,
        sender=sender[len(_PADDING) :],
        recipient=recipient[len(_PADDING) :],
        units=int.from_bytes(log.data, "big"),
        block=log.block_number,
        block_hash=log.block_hash,
        tx_hash=log.transaction_hash,
        log_index=log.log_index,
    )


def padded(address: bytes) -> bytes:
    """Return an address as a topic or an argument of a call."""
    return _PADDING + address
