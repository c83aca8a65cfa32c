"""Calls of a simulated endpoint, and what tests pay with."""

from typing import Any

from simulators.chain import Chain, Endpoint
from simulators.chain.blocks import TRANSFER
from simulators.chain.encoding import data, word

USDT, OTHER = bytes([0x11]) * 20, bytes([0x22]) * 20
BUDI, SITI = bytes([0xB0]) * 20, bytes([0x51]) * 20


class RpcError(Exception):
    """A call was answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]


def chain_of(blocks: int = 0) -> Chain:
    """Return a chain with USDT and another token, and empty blocks."""
    chain = Chain()
    chain.token(USDT)
    chain.token(OTHER, 18, "OTHER")
    chain.mine(blocks)
    return chain


def ask(endpoint: Endpoint, method: str, *params: Any) -> Any:
    """Return the result of a call.

    Raises:
        RpcError: it is answered with an error.
    """
    answer = endpoint.answer({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
    if "error" in answer:
        raise RpcError(answer["error"])
    return answer["result"]


def logs(endpoint: Endpoint, first: int, last: int, *, to: bytes | None = None, **fields: Any) -> list[dict[str, Any]]:
    """Return the transfers in a range of blocks, to one address if it is given."""
    recipients = [data(word(to))] if to else None
    topics = [data(TRANSFER), None, recipients]
    sent = {"fromBlock": hex(first), "toBlock": hex(last), "topics": topics, **fields}
    found: list[dict[str, Any]] = ask(endpoint, "eth_getLogs", sent)
    return found


def units(found: list[dict[str, Any]]) -> list[int]:
    """Return the amounts of logs."""
    return [int(log["data"], 16) for log in found]
