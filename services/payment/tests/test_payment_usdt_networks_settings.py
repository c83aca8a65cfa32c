"""The owner changes the settings of a network: its endpoints are probed before, and their URLs stay secret."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from chassis.auth.principals import Role
from payment.usdt.networks import commands
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.networks.probing import probe_all
from payment.usdt.networks.tables import UsdtNetwork
from simulators.chain import Lie
from sqlalchemy import select

from .payment_driver import PaymentDriver
from .payment_usdt_networks import ONE, TWO, Networks, endpoints

SECRETS = ("0123456789abcdef", "fedcba9876543210")
HOSTS = ["one.test", "two.test:8545"]


@pytest.fixture
async def networks(driver: PaymentDriver) -> AsyncIterator[Networks]:
    networks = Networks(driver)
    yield networks
    await networks.http.aclose()


async def test_before_the_first_change_the_owner_sees_the_defaults(networks: Networks) -> None:
    settings = await networks.settings()
    assert (settings["enabled"], settings["endpoints"], settings["probed_at"]) == (False, [], None)
    assert (settings["chain_id"], settings["confirmations"]) == (1, 12)


async def test_endpoints_are_probed_stored_sealed_and_shown_by_their_hosts(networks: Networks) -> None:
    # when
    configured = await networks.configure()
    # then
    assert configured == await networks.settings()
    assert configured["endpoints"] == [
        {"number": number, "host": host, "log_range": 1000} for number, host in enumerate(HOSTS, start=1)
    ]
    assert configured["probed_at"] is not None
    for endpoint in (networks.one, networks.two):
        assert endpoint.calls["eth_getLogs"] == 1
    rows = str(await networks.driver.rows("SELECT * FROM usdt_networks"))
    everywhere = [str(configured), rows, str(await networks.driver.audit_log())]
    assert not any(secret in text for text in everywhere for secret in SECRETS)


async def test_connections_go_to_the_endpoints_in_their_order(networks: Networks) -> None:
    await networks.configure()
    async with networks.driver.database.read() as session:
        row = (await session.execute(select(UsdtNetwork))).scalar_one()
    connections = networks.access.endpoints(row)
    assert [(each.host, each.log_range) for each in connections] == [("one.test", 1000), ("two.test", 1000)]
    assert [await each.chain_id() for each in connections] == [1, 1]
    assert not any(secret in repr([*connections, *networks.access.stored(row)]) for secret in SECRETS)


async def test_an_endpoint_with_a_fault_is_named_and_nothing_is_stored(networks: Networks) -> None:
    # given
    networks.two.lies = Lie.DECIMALS
    # when
    refused = await networks.try_change(endpoints=endpoints(ONE, TWO))
    # then
    assert refused.is_problem(422, "endpoint_unusable")
    assert (refused.body["endpoint"], refused.body["fault"]) == (2, "wrong_decimals")
    assert refused.body["detail"].startswith("Endpoint 2: ")
    assert not any(secret in refused.content.decode() for secret in SECRETS)
    assert (await networks.settings())["endpoints"] == []
    assert await networks.driver.audit_log() == []


async def test_a_range_that_is_too_long_is_refused_with_one_that_works(networks: Networks) -> None:
    networks.one.log_range = 10
    refused = await networks.try_change(endpoints=endpoints(ONE))
    assert (refused.body["fault"], refused.body["accepted_log_range"]) == ("log_range", 7)
    accepted = await networks.change(endpoints=endpoints(ONE, log_range=7))
    assert [each["log_range"] for each in accepted["endpoints"]] == [7]


async def test_no_transaction_is_open_while_endpoints_are_probed(networks: Networks) -> None:
    opened: list[int] = []
    pool: Any = networks.driver.database.engine.pool
    networks.before = lambda: opened.append(pool.checkedout())
    await networks.configure()
    assert set(opened) == {0}


async def test_what_is_left_out_stays(networks: Networks) -> None:
    configured = await networks.configure(confirmations=30, minimum_order="1000000", all_tokens=False)
    changed = await networks.change(confirmations=31)
    assert {**changed, "confirmations": 30, "probed_at": None, "updated_at": None} == {
        **configured,
        "probed_at": None,
        "updated_at": None,
    }
    assert changed["confirmations"] == 31
    assert (await networks.change(confirmations=None))["confirmations"] is None


async def test_what_is_changed_while_endpoints_are_probed_stays_too(
    networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a change that is made while the endpoints are probed for another one
    await networks.configure()
    others = [{"minimum_order": "50000", "endpoints": endpoints(TWO, log_range=7)}]

    async def change_then_probe(*asked: Any, **how: Any) -> Any:
        if others:
            await networks.change(**others.pop())
        return await probe_all(*asked, **how)

    monkeypatch.setattr(commands, "probe_all", change_then_probe)
    # when
    changed = await networks.change(confirmations=31)
    # then
    assert (changed["confirmations"], changed["minimum_order"]) == (31, "50000.00")
    assert [(each["host"], each["log_range"]) for each in changed["endpoints"]] == [(HOSTS[1], 7)]
    *_, last = await networks.driver.audit_log("usdt_network.change")
    assert (last["details"]["before"], last["details"]["after"]) == ({"confirmations": 12}, {"confirmations": 31})


async def test_a_stored_endpoint_is_kept_by_its_number(networks: Networks) -> None:
    # given
    await networks.configure()
    # when
    kept = [{"number": 2, "log_range": 50}, {"url": ONE, "log_range": 60}]
    changed = await networks.change(endpoints=kept)
    # then
    assert [(each["host"], each["log_range"]) for each in changed["endpoints"]] == [(HOSTS[1], 50), (HOSTS[0], 60)]
    refused = await networks.try_change(endpoints=[{"url": ONE, "log_range": 1}, {"number": 3, "log_range": 50}])
    assert refused.wrong_fields == ["endpoints.1.number"]


async def test_a_network_whose_endpoints_are_down_can_be_switched_off_and_not_on_again(networks: Networks) -> None:
    await networks.configure()
    networks.one.down = True
    assert (await networks.change(enabled=False))["enabled"] is False
    refused = await networks.try_change()
    assert refused.is_problem(422, "endpoint_unusable")
    assert (refused.body["endpoint"], refused.body["fault"]) == (1, "down")
    networks.one.down = False
    assert (await networks.change())["enabled"] is True


async def test_new_endpoints_are_probed_even_if_the_network_stays_off(networks: Networks) -> None:
    networks.one.down = True
    assert (await networks.try_change(enabled=False, endpoints=endpoints(ONE))).is_problem(422, "endpoint_unusable")


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_network_needs_endpoints_at_first(networks: Networks, enabled: bool) -> None:
    refused = await networks.try_change(enabled=enabled)
    assert refused.is_problem(422, "invalid_fields")
    assert refused.wrong_fields == ["endpoints"]


async def test_without_a_finalized_block_a_number_of_confirmations_is_asked_for(driver: PaymentDriver) -> None:
    networks = Networks(driver, Network.POLYGON)
    networks.chain.finality = None
    refused = await networks.try_change(endpoints=endpoints(ONE))
    assert (refused.body["fault"], "128" in refused.body["detail"]) == ("no_finalized", True)
    assert (await networks.change(endpoints=endpoints(ONE), confirmations=128))["confirmations"] == 128
    await networks.http.aclose()


async def test_another_contract_has_to_be_a_token_with_the_decimals_of_usdt(networks: Networks) -> None:
    # given
    right, wrong, none = ("0x" + digit * 40 for digit in "123")
    networks.chain.token(bytes.fromhex(right[2:]), decimals=PRESETS[Network.ETHEREUM].decimals)
    networks.chain.token(bytes.fromhex(wrong[2:]), decimals=18)
    # when
    await networks.configure(token_contract=right)
    # then
    assert (await networks.settings())["token_contract"] == right
    for contract, fault in ((wrong, "wrong_decimals"), (none, "not_a_token")):
        assert (await networks.try_change(token_contract=contract)).body["fault"] == fault
    assert (await networks.settings())["token_contract"] == right


async def test_endpoints_that_cannot_be_decrypted_any_more_are_entered_again(networks: Networks) -> None:
    await networks.configure()
    await networks.driver.execute("UPDATE usdt_networks SET endpoints = 'unreadable'")
    assert (await networks.settings())["endpoints"] == []
    assert (await networks.try_change()).wrong_fields == ["endpoints"]
    assert (await networks.change(enabled=False))["enabled"] is False
    assert [each["host"] for each in (await networks.configure())["endpoints"]] == HOSTS


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no endpoints": ({"endpoints": []}, "endpoints"),
    "too many": ({"endpoints": endpoints(*[ONE] * 6)}, "endpoints"),
    "neither": ({"endpoints": [{"log_range": 1}]}, "endpoints.0"),
    "both": ({"endpoints": [{"url": ONE, "number": 1, "log_range": 1}]}, "endpoints.0"),
    "no web address": ({"endpoints": endpoints("ftp://one.test/secret")}, "endpoints.0.url"),
    "no host": ({"endpoints": endpoints("https:///secret")}, "endpoints.0.url"),
    "no port": ({"endpoints": endpoints("https://one.test:secret/")}, "endpoints.0.url"),
    "too long": ({"endpoints": endpoints("https://one.test/secret" + "x" * 500)}, "endpoints.0.url"),
    "no range": ({"endpoints": endpoints(ONE, log_range=0)}, "endpoints.0.log_range"),
    "no confirmations": ({"confirmations": 0}, "confirmations"),
    "a negative minimum": ({"minimum_order": "-1"}, "minimum_order"),
    "mistyped contract": ({"token_contract": "0xdAC17F958D2ee523a2206206994597C13D831ec8"}, "token_contract"),
    "unknown field": ({"chain_id": 1}, "chain_id"),
    "no switch": ({"enabled": None}, "enabled"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_setting_is_named_without_repeating_it(networks: Networks, name: str) -> None:
    settings, field = WRONG[name]
    refused = await networks.try_change(**settings)
    assert refused.is_problem(422, "invalid_fields")
    assert refused.wrong_fields == [field]
    assert "secret" not in refused.content.decode()
    assert networks.one.requests == 0


async def test_a_network_that_does_not_exist_is_refused(networks: Networks) -> None:
    answer = await networks.driver.call(
        "PUT", "/usdt/networks/tron/settings", by=networks.driver.staff(Role.OWNER), json={"enabled": True}
    )
    assert answer.is_problem(422, "invalid_fields")


async def test_only_the_owner_sees_and_changes_settings(networks: Networks) -> None:
    for role in set(Role) - {Role.OWNER}:
        by = networks.driver.staff(role)
        for method, path in (("GET", "/usdt/networks/settings"), ("PUT", "/usdt/networks/bsc/settings")):
            assert (await networks.driver.call(method, path, by=by)).is_problem(403, "forbidden")


async def test_a_change_is_audited_without_the_endpoints(networks: Networks) -> None:
    await networks.configure()
    await networks.change(confirmations=30, endpoints=endpoints(TWO))
    first, second = await networks.driver.audit_log("usdt_network.change")
    assert (first["subject"], first["details"]["after"]["enabled"]) == ("ethereum", True)
    assert first["details"]["after"]["token_contract"] == "0xdAC17F958D2ee523a2206206994597C13D831ec7"
    assert second["details"] == {
        "fields": ["confirmations", "endpoints"],
        "before": {"confirmations": 12},
        "after": {"confirmations": 30},
    }
