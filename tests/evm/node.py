"""A node with a chain of its own, whose blocks are made when a test says so, and which can be reorganised."""

import asyncio
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import httpx
from embedded.ports import free_port
from testkit.polling import eventually

BLOCK_SECONDS: Final = 2
_GAS: Final = hex(3_000_000)


class Anvil:
    """One anvil, stopped afterwards. Its accounts have ether and need no keys.

    Args:
        program: anvil.
        chain_id: of the network for which it stands in.
        started_at: time of the first block.
        log: file for what it says.

    Attributes:
        url: of its JSON-RPC.
        accounts: addresses that can send.
    """

    def __init__(self, program: Path, *, chain_id: int, started_at: datetime, log: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.accounts: Sequence[bytes] = ()
        self._log = log
        self._sent: list[bytes] = []
        self._http = httpx.AsyncClient(timeout=10)
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            *(str(program), "--port", str(port), "--chain-id", str(chain_id)),
            *("--timestamp", str(int(started_at.timestamp())), "--no-mining"),
            *("--slots-in-an-epoch", "1"),  # final is the second block below the newest
        ]

    async def __aenter__(self) -> Self:
        self._launch()
        try:
            await eventually(self._answers, within=30)
        except AssertionError:
            await self._stop()
            raise
        await self.call("anvil_setBlockTimestampInterval", BLOCK_SECONDS)
        self.accounts = [bytes.fromhex(each[2:]) for each in await self.call("eth_accounts")]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    def _launch(self) -> None:
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)

    async def _stop(self) -> None:
        await self._http.aclose()
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, 10)

    async def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(self._log.read_text())
        with suppress(httpx.TransportError):
            return bool(await self.call("eth_chainId"))
        return False

    async def call(self, method: str, *params: Any) -> Any:
        """Return the result of a method; fail the test if there is none."""
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = (await self._http.post(self.url, json=question)).json()
        assert "result" in answer, (method, answer)
        return answer["result"]

    # --- transactions

    async def send(self, sender: bytes, data: str, *, to: bytes | None = None) -> bytes:
        """Send a transaction, which the next block contains; without `to` it deploys a contract. Return its hash."""
        recipient = {} if to is None else {"to": _hex(to)}
        transaction = {"from": _hex(sender), "data": data, "gas": _GAS, **recipient}
        self._sent.append(bytes.fromhex((await self.call("eth_sendTransaction", transaction))[2:]))
        return self._sent[-1]

    async def send_again(self, transaction: str) -> None:
        """Send a signed transaction that was dropped."""
        self._sent.append(bytes.fromhex((await self.call("eth_sendRawTransaction", transaction))[2:]))

    async def signed(self, tx_hash: bytes) -> str:
        """Return a transaction with its signature."""
        return str(await self.call("eth_getRawTransactionByHash", _hex(tx_hash)))

    async def deploy(self, sender: bytes, data: str) -> bytes:
        """Deploy a contract in a block of its own and return its address."""
        tx_hash = await self.send(sender, data)
        await self.mine()
        receipt = await self.call("eth_getTransactionReceipt", _hex(tx_hash))
        return bytes.fromhex(receipt["contractAddress"][2:])

    # --- blocks

    async def mine(self, blocks: int = 1, *, until: datetime | None = None) -> None:
        """Make blocks, the first with what was sent. Fail the test if a transaction failed.

        Args:
            until: time of the last one; without, there are `BLOCK_SECONDS` between all.
        """
        if until is not None:
            first = int(until.timestamp()) - BLOCK_SECONDS * (blocks - 1)
            await self.call("evm_setNextBlockTimestamp", first)
        await self.call("anvil_mine", hex(blocks))
        for tx_hash in self._sent:
            receipt = await self.call("eth_getTransactionReceipt", _hex(tx_hash))
            assert receipt is not None, f"{tx_hash.hex()} is in no block"
            assert receipt["status"] == "0x1", receipt
        self._sent.clear()

    async def reorganise(self, depth: int, *kept: tuple[str, int]) -> None:
        """Replace the newest blocks by others, of the same number.

        Args:
            kept: signed transactions that are in the new blocks, and in which of them, from 0; all others are dropped.
        """
        await self.call("anvil_reorg", depth, kept)

    async def head(self) -> int:
        """Return the number of the newest block."""
        return int(await self.call("eth_blockNumber"), 16)


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
