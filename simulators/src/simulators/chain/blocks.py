"""Blocks, their logs and receipts, and how JSON-RPC shows them.

Source: https://ethereum.github.io/execution-apis/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulators.chain.encoding import data, word
from simulators.chain.transfers import Transaction, Transfer

# keccak256("Transfer(address,address,uint256)"), https://eips.ethereum.org/EIPS/eip-20#events
TRANSFER = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
_OTHER_LOGS = 8


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    hash: bytes
    parent_hash: bytes
    time: datetime
    transactions: tuple[Transaction, ...]

    def logs(self) -> Iterator["Log"]:
        """Return what transactions logged.

        Other traffic comes first, a different number of logs in each block: a transaction that is mined again has other
        log indexes.
        """
        index = self.hash[0] % _OTHER_LOGS
        for position, transaction in enumerate(self.transactions):
            for transfer in () if transaction.reverted else transaction.transfers:
                yield Log(self, transaction, position, index, transfer)
                index += 1


@dataclass(frozen=True, slots=True)
class Log:
    """The event of one transfer. `index` counts within the block, `position` is that of the transaction."""

    block: Block
    transaction: Transaction
    position: int
    index: int
    transfer: Transfer

    @property
    def topics(self) -> tuple[bytes, ...]:
        return TRANSFER, word(self.transfer.sender), word(self.transfer.to)


def block_body(block: Block) -> dict[str, Any]:
    return {
        "number": hex(block.number),
        "hash": data(block.hash),
        "parentHash": data(block.parent_hash),
        "timestamp": hex(int(block.time.timestamp())),
        "transactions": [data(each.hash) for each in block.transactions],
    }


def log_body(log: Log) -> dict[str, Any]:
    return {
        "address": data(log.transfer.token),
        "topics": [data(topic) for topic in log.topics],
        "data": data(word(log.transfer.units)),
        "blockNumber": hex(log.block.number),
        "blockHash": data(log.block.hash),
        "transactionHash": data(log.transaction.hash),
        "transactionIndex": hex(log.position),
        "logIndex": hex(log.index),
        "removed": False,
    }


def receipt_body(block: Block, transaction: Transaction) -> dict[str, Any]:
    first = transaction.transfers[0]
    return {
        "transactionHash": data(transaction.hash),
        "transactionIndex": hex(block.transactions.index(transaction)),
        "blockNumber": hex(block.number),
        "blockHash": data(block.hash),
        "from": data(first.sender),
        "to": data(first.token),
        "status": hex(not transaction.reverted),
        "logs": [log_body(log) for log in block.logs() if log.transaction == transaction],
    }
