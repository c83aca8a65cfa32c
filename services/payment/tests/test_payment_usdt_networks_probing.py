"""Endpoints are probed before they are used: each fault is found, and the others are not blamed for it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.clock import utcnow
from chassis.wording import Language
from payment.usdt.evm.rpc import Endpoint as Connection
from payment.usdt.networks import probing
from payment.usdt.networks.errors import EndpointUnusable
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.networks.probing import Expected, Fault, Finding, probe, probe_all
from simulators.chain import Endpoint, Lie, RangeRefusal
from simulators.chain.testing import hosts, transport

from .payment_usdt_networks import ONE, TWO, chain_like


def expected(network: Network = Network.ETHEREUM, **changed: Any) -> Expected:
    preset = PRESETS[network]
    facts = {"chain_id": preset.chain_id, "token_contract": preset.token_contract, "decimals": preset.decimals}
    return Expected(**{**facts, "finalized": True, "all_tokens": True, **changed})


async def finding(
    endpoint: Endpoint, wanted: Expected | None = None, *, log_range: int = 1000, late: timedelta = timedelta()
) -> Finding | None:
    async with httpx.AsyncClient(transport=transport(endpoint)) as http:
        connection = Connection(ONE, http, log_range=log_range)
        return await probe(connection, wanted or expected(), now=utcnow() + late)


def endpoint_of(network: Network = Network.ETHEREUM, **faults: Any) -> Endpoint:
    return Endpoint(chain_like(network, now=utcnow()), **faults)


@pytest.mark.parametrize("network", Network)
async def test_an_endpoint_of_each_network_passes(network: Network) -> None:
    endpoint = endpoint_of(network)
    assert await finding(endpoint, expected(network)) is None
    assert endpoint.calls == {
        "eth_chainId": 1,
        "eth_getBlockByNumber": 2,
        "eth_call": 1,
        "eth_getLogs": 1,
    }


FAULTS: Mapping[Fault, Callable[[], Endpoint]] = {
    Fault.DOWN: lambda: endpoint_of(down=True),
    Fault.UNREADABLE: lambda: endpoint_of(lies=Lie.GARBAGE),
    Fault.WRONG_CHAIN: lambda: endpoint_of(lies=Lie.CHAIN_ID),
    Fault.BEHIND: lambda: endpoint_of(lag=200),
    Fault.WRONG_DECIMALS: lambda: endpoint_of(lies=Lie.DECIMALS),
    Fault.NO_LOGS: lambda: endpoint_of(needs_address=True),
    Fault.LOG_RANGE: lambda: endpoint_of(log_range=999),
    Fault.NO_FINALIZED: lambda: Endpoint(chain_like(Network.ETHEREUM, now=utcnow(), finality=None)),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found(fault: Fault) -> None:
    found = await finding(FAULTS[fault]())
    assert found is not None
    assert found.fault is fault


async def test_an_endpoint_that_throttles_or_shows_a_page_is_down() -> None:
    for endpoint in (endpoint_of(throttled=True), endpoint_of(lies=Lie.NOT_JSON)):
        assert await finding(endpoint) == Finding(Fault.DOWN)


async def test_a_head_ahead_of_the_clock_is_as_wrong_as_one_behind() -> None:
    for late in (timedelta(minutes=6), -timedelta(minutes=6)):
        assert await finding(endpoint_of(), late=late) == Finding(Fault.BEHIND)
    for late in (timedelta(minutes=4), -timedelta(minutes=4)):
        assert await finding(endpoint_of(), late=late) is None


async def test_where_no_token_is_there_is_none() -> None:
    assert await finding(endpoint_of(), expected(token_contract=bytes(20))) == Finding(Fault.NOT_A_TOKEN)


async def test_an_endpoint_for_one_contract_only_will_do_if_other_tokens_are_not_looked_for() -> None:
    assert await finding(endpoint_of(needs_address=True), expected(all_tokens=False)) is None


async def test_without_a_finalized_block_a_number_of_confirmations_will_do() -> None:
    endpoint = Endpoint(chain_like(Network.ETHEREUM, now=utcnow(), finality=None))
    assert await finding(endpoint, expected(finalized=False)) is None


@pytest.mark.parametrize("refusal", RangeRefusal)
@pytest.mark.parametrize("wanted", [10, 11, 1000, 100_000])
async def test_a_range_that_is_too_long_is_found_in_few_requests_and_one_that_works_is_named(
    refusal: RangeRefusal, wanted: int
) -> None:
    endpoint = endpoint_of(log_range=10, range_refusal=refusal)
    found = await finding(endpoint, log_range=wanted)
    if wanted == 10:
        assert found is None
        return
    assert found is not None
    assert found.fault is Fault.LOG_RANGE
    assert 5 <= found.accepted <= 10
    assert endpoint.calls["eth_getLogs"] <= 17
    assert await finding(endpoint, log_range=found.accepted) is None


async def test_a_chain_younger_than_the_range_is_read_from_its_first_block() -> None:
    assert await finding(endpoint_of(), log_range=100_000) is None


async def test_an_endpoint_that_never_answers_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(probing, "_LONGEST", 0.05)
    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as http:
        found = await probe(Connection(ONE, http, log_range=1), expected(), now=utcnow())
    assert found == Finding(Fault.DOWN)


async def test_an_endpoint_that_refuses_its_key_is_said_to_refuse() -> None:
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "Must be authenticated!"}}
    refusing = httpx.MockTransport(lambda _: httpx.Response(401, json=error))
    async with httpx.AsyncClient(transport=refusing) as http:
        found = await probe(Connection(ONE, http, log_range=1), expected(), now=utcnow())
    assert found == Finding(Fault.REFUSED)


async def test_a_range_in_no_list_is_unreadable() -> None:
    endpoint = endpoint_of()

    def handle(request: httpx.Request) -> httpx.Response:
        if b"eth_getLogs" in request.content:
            return httpx.Response(200, json={"jsonrpc": "2.0", "id": 4, "result": None})
        return transport(endpoint).handle_request(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        found = await probe(Connection(ONE, http, log_range=1), expected(), now=utcnow())
    assert found == Finding(Fault.UNREADABLE)


async def test_each_of_several_endpoints_has_its_own_finding() -> None:
    chain = chain_like(Network.ETHEREUM, now=utcnow())
    ends = hosts({"one.test": Endpoint(chain), "two.test": Endpoint(chain, lag=200)})
    async with httpx.AsyncClient(transport=ends) as http:
        connections = [Connection(url, http, log_range=10) for url in (ONE, TWO, "https://three.test")]
        found = await probe_all(connections, expected(), now=utcnow())
    assert found == [None, Finding(Fault.BEHIND), Finding(Fault.DOWN)]


def test_every_fault_is_said_in_both_languages_with_the_number_of_the_endpoint() -> None:
    said = set()
    for fault in Fault:
        error = EndpointUnusable.because(2, Finding(fault, accepted=50), confirmations=128)
        assert error.extra["fault"] == fault.value
        for language in Language:
            text = error.wording.said(language)
            assert text.startswith("Endpoint 2: ")
            assert "{" not in text
            said.add(text)
    assert len(said) == 2 * len(Fault)
