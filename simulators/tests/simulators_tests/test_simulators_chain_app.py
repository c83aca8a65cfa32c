"""The simulated chain over HTTP: its endpoints, its control, and its page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from simulators.chain import Chain, ChainNetwork, Lie, RangeRefusal, build_chain
from simulators.testing import Stage, playing

from simulators import Settings

from .chain_calls import BUDI

TO = f"0x{BUDI.hex()}"
SLOW = 1_000_000


class Network:
    """The chain of running simulators, whose blocks come only by control."""

    def __init__(self, stage: Stage) -> None:
        self.http = stage.http
        self.network: ChainNetwork = stage.simulators.chain
        self.chain: Chain = self.network.chain

    async def control(self, method: str, path: str, **fields: Any) -> httpx.Response:
        return await self.http.request(method, f"/simulators/chain/{path}", json=fields)

    async def ask(self, method: str, *params: Any, name: str = "main") -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = await self.http.post(f"/simulators/chain/rpc/{name}", json=body)
        return answer.raise_for_status().json()["result"]

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = (await self.http.get("/simulators/chain/state")).raise_for_status().json()
        return state

    async def page(self, path: str = "", **fields: str) -> httpx.Response:
        """Return the page, perhaps after one of its forms was sent."""
        if not path:
            return await self.http.get("/simulators/chain/")
        return await self.http.post(f"/simulators/chain/page/{path}", data=fields, follow_redirects=True)


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    async with playing(chain_block_seconds=SLOW) as stage:
        yield Network(stage)


async def test_a_transfer_is_pending_until_a_block_is_mined(network: Network) -> None:
    sent = (await network.control("POST", "send", to=TO, amount="21.03")).json()

    before = await network.state()
    state = (await network.control("POST", "mine", blocks=12)).json()

    (pending,), (mined,) = before["transfers"], state["transfers"]
    assert (state["head"], state["time"]) == (before["head"] + 12, before["time"])
    assert (pending["tx_hash"], pending["block"], pending["amount"]) == (sent["tx_hash"], None, "21.030000")
    assert mined == pending | {"block": state["head"] - 11, "time": mined["time"]}
    assert mined["token"] == "0xc2132d05d31c914a87c6611c10748aeb04b58e8f"
    receipt = await network.ask("eth_getTransactionReceipt", sent["tx_hash"])
    assert int(receipt["logs"][0]["data"], 16) == 21_030_000


async def test_the_configured_token_and_a_fake_one_can_be_sent(network: Network) -> None:
    usdt, fake = (await network.state())["tokens"]
    assert (usdt["decimals"], fake["decimals"], fake["name"]) == (6, 6, "USDT (fake)")

    await network.control("POST", "send", to=TO, amount="1", token=fake["address"], sender=usdt["address"])

    (transfer,) = (await network.state())["transfers"]
    assert (transfer["token"], transfer["sender"]) == (fake["address"], usdt["address"])


async def test_a_token_that_was_never_deployed_is_shown_by_its_address(network: Network) -> None:
    network.chain.send(BUDI, BUDI, 0)

    assert (await network.state())["transfers"][0]["amount"] == "0"
    assert f"<h3>0 {TO}</h3>" in (await network.page()).text


async def test_a_reorganisation_drops_or_keeps(network: Network) -> None:
    await network.control("POST", "send", to=TO, amount="1")
    mined = (await network.control("POST", "mine", blocks=2)).json()

    kept = (await network.control("POST", "reorg", depth=2, keep=True)).json()
    dropped = (await network.control("POST", "reorg", depth=2)).json()

    assert kept["transfers"][0]["block"] == mined["transfers"][0]["block"] + 1
    assert (dropped["head"], dropped["transfers"]) == (mined["head"] + 2, [])


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("send", {"to": "0x12", "amount": "1"}, "invalid_fields"),
        ("send", {"to": TO, "amount": "-1"}, "invalid_fields"),
        ("send", {"to": TO, "amount": "NaN"}, "invalid_fields"),
        ("send", {"to": TO, "amount": "1", "for": "ever"}, "invalid_fields"),
        ("send", {"to": TO, "amount": "1.0000001"}, "unsendable"),
        ("send", {"to": TO, "amount": "1", "token": TO}, "unsendable"),
        ("mine", {"blocks": 0}, "invalid_fields"),
        ("mine", {"blocks": 10_001}, "invalid_fields"),
        ("reorg", {"depth": 0}, "invalid_fields"),
    ],
)
async def test_what_cannot_be_done_is_refused(network: Network, path: str, fields: dict[str, Any], code: str) -> None:
    before = await network.state()

    answer = await network.control("POST", path, **fields)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await network.state() == before


async def test_every_fault_of_one_endpoint_can_be_set_and_is_removed_by_the_next_setting(network: Network) -> None:
    faults = {
        "down": False,
        "lag": 3,
        "forgets": 2,
        "log_range": 10,
        "range_refusal": "alchemy",
        "state_blocks": 128,
        "needs_address": True,
        "batch_limit": 5,
        "throttled": False,
        "lies": "chain_id",
    }
    answer = await network.control("PUT", "endpoints/main", **faults)

    assert answer.json() == faults == (await network.state())["endpoints"]["main"]
    main, backup = network.network.endpoints["main"], network.network.endpoints["backup"]
    assert (main.lies, main.range_refusal, main.lag) == (Lie.CHAIN_ID, RangeRefusal.ALCHEMY, 3)
    assert (await network.ask("eth_chainId"), await network.ask("eth_chainId", name="backup")) == ("0x8a", "0x89")

    await network.control("PUT", "endpoints/main", down=True)
    assert (main.lies, main.lag, main.down, backup.down) == (None, 0, True, False)
    answer = await network.http.post("/simulators/chain/rpc/main", json={})
    assert (answer.status_code, answer.text) == (503, "no healthy upstream")


async def test_unknown_endpoints_and_faults_are_refused(network: Network) -> None:
    assert (await network.control("PUT", "endpoints/other")).status_code == 404
    assert (await network.control("POST", "rpc/other")).status_code == 404
    assert (await network.control("PUT", "endpoints/main", lies="big")).status_code == 422


async def test_blocks_come_with_the_clock() -> None:
    now = [datetime(2027, 3, 6, 12, tzinfo=UTC)]
    network = ChainNetwork(Settings(chain_block_seconds=2), clock=lambda: now[-1])
    started = network.chain.head
    transaction = network.chain.send(network.usdt, BUDI, 1)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_chain(network)), base_url="http://chain") as http:
        now.append(now[0] + timedelta(seconds=61))
        state = (await http.get("/state")).json()

    assert (state["head"], state["time"]) == (started + 30, "2027-03-06T12:01:00Z")
    assert network.chain.block_of(transaction).time == now[0] + timedelta(seconds=2)


async def test_running_simulators_follow_the_systems_clock() -> None:
    async with playing(chain_block_seconds=1) as stage:
        head = await Network(stage).ask("eth_blockNumber")
        assert abs(datetime.now(UTC) - datetime.fromtimestamp(int(head, 16), UTC)) < timedelta(seconds=10)


async def test_a_restarted_chain_goes_on_with_the_same_blocks() -> None:
    settings = Settings(chain_block_seconds=SLOW)
    before, after = ChainNetwork(settings), ChainNetwork(settings)
    assert before.chain.block(before.chain.head) == after.chain.block(before.chain.head)
    assert before.chain.send(before.usdt, BUDI, 1) != after.chain.send(after.usdt, BUDI, 1)


async def test_the_page_sends_mines_and_reorganises(network: Network) -> None:
    assert "Nothing yet." in (await network.page()).text

    fake = (await network.state())["tokens"][1]["address"]
    page = await network.page("send", to=TO, amount="21.03", token=fake)
    assert '<h3>21.030000 USDT (fake)</h3>\n<p class="about">pending</p>' in page.text
    page = await network.page("mine", blocks="12")
    assert f"block {network.chain.head - 11}, " in page.text
    page = await network.page("reorg", depth="12", keep="true")
    assert f"block {network.chain.head - 11}, " in page.text
    page = await network.page("reorg", depth="12")
    assert "Nothing yet." in page.text

    assert page.status_code == 200
    assert 'href="/simulators/style.css"' in page.text
    assert "script-src" not in page.headers["content-security-policy"]
