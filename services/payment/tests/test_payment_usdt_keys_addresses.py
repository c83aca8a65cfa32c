"""Addresses of the active key: each is given once, and the owner gets those that invoices took as CSV."""

import asyncio
import csv
import io
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from chassis.secrets import SecretBox, new_key
from payment.usdt.evm.addresses import checksum
from payment.usdt.keys import queries
from payment.usdt.keys.commands import next_address
from payment.usdt.keys.errors import NoReceivingKey
from payment.usdt.keys.queries import active_key
from payment.usdt.quotes.commands import own_address

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .payment_usdt_keys import (
    ABANDON,
    ABANDON_ADDRESSES,
    JUNK_ADDRESSES,
    activate,
    keys,
    propose,
    try_confirm,
)


@dataclass(frozen=True)
class Taken:
    """An address that was given."""

    key_id: UUID
    index: int
    address: bytes


async def take(driver: PaymentDriver) -> Taken:
    async with driver.database.work() as work:
        return Taken(*await next_address(work, driver.settings.secret_box()))


async def take_in_vain(driver: PaymentDriver) -> None:
    async with driver.database.work() as work:
        await next_address(work, driver.settings.secret_box())
        raise InterruptedError


async def addresses_csv(driver: PaymentDriver, key_id: str) -> list[list[str]]:
    answer = await driver.call("GET", f"/usdt/keys/{key_id}/addresses.csv", by=driver.staff(Role.OWNER))
    answer.require(200)
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def give(driver: PaymentDriver, *entries: Entry) -> None:
    for entry in entries:
        async with driver.database.work() as work:
            await own_address(work, entry.id, driver.settings.secret_box())


async def test_addresses_are_those_of_the_wallet_in_their_order(driver: PaymentDriver) -> None:
    key = await activate(driver)
    taken = [await take(driver) for _ in range(3)]
    assert [(str(each.key_id), each.index) for each in taken] == [(key["key_id"], index) for index in range(3)]
    assert [checksum(each.address) for each in taken] == JUNK_ADDRESSES
    assert [each["given"] for each in await keys(driver)] == [3]


async def test_without_a_confirmed_key_payment_in_usdt_is_not_ready(driver: PaymentDriver) -> None:
    for _ in range(2):
        with pytest.raises(NoReceivingKey) as refused:
            await take(driver)
        assert (refused.value.status, refused.value.code) == (503, "usdt_not_ready")
        await propose(driver)
    async with driver.database.read() as session:
        assert await active_key(session, driver.settings.secret_box()) is None


async def test_takers_at_once_get_different_addresses(driver: PaymentDriver) -> None:
    await activate(driver)
    taken = await asyncio.gather(*(take(driver) for _ in range(20)))
    assert sorted(each.index for each in taken) == list(range(20))
    assert len({each.address for each in taken}) == 20


async def test_an_address_whose_taker_fails_is_given_again(driver: PaymentDriver) -> None:
    await activate(driver)
    with pytest.raises(InterruptedError):
        await take_in_vain(driver)
    assert (await take(driver)).index == 0


async def test_while_the_key_is_replaced_every_taker_gets_an_address_of_one_of_both(driver: PaymentDriver) -> None:
    # given
    first, second = await activate(driver), await propose(driver, ABANDON)
    # when
    taken, confirmed = await asyncio.gather(
        asyncio.gather(*(take(driver) for _ in range(20))), try_confirm(driver, second)
    )
    # then
    assert confirmed.status == 200
    assert len({each.address for each in taken}) == 20
    assert {str(each.key_id) for each in taken} <= {first["key_id"], second["key_id"]}
    assert str((await take(driver)).key_id) == second["key_id"]


async def test_the_last_address_of_a_key_is_not_passed(driver: PaymentDriver) -> None:
    await activate(driver)
    await driver.execute("UPDATE receiving_keys SET next_index = 2147483646")
    assert (await take(driver)).index == 2**31 - 2
    with pytest.raises(NoReceivingKey):
        await take(driver)
    assert await driver.scalar("SELECT next_index FROM receiving_keys") == 2**31 - 1


async def test_a_key_that_cannot_be_decrypted_gives_no_addresses(driver: PaymentDriver) -> None:
    await activate(driver)
    other = SecretBox([new_key()])
    with pytest.raises(NoReceivingKey):
        async with driver.database.work() as work:
            await next_address(work, other)
    async with driver.database.read() as session:
        assert await active_key(session, other) is None
        found = await active_key(session, driver.settings.secret_box())
    assert found is not None
    assert checksum(found.account.address(0)) == JUNK_ADDRESSES[0]
    assert (await take(driver)).index == 0


async def test_the_csv_has_the_addresses_that_invoices_took_from_a_key(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given more addresses than are read at once, and others of another key
    monkeypatch.setattr(queries, "_EXPORTED_AT_ONCE", 2)
    first = await activate(driver)
    entries = [await driver.register() for _ in range(4)]
    await give(driver, *entries[:3])
    second = await activate(driver, ABANDON)
    await give(driver, entries[3])
    # when
    header, *rows = await addresses_csv(driver, first["key_id"])
    # then
    assert header == ["index", "path", "address", "registration_number"]
    assert rows == [
        [str(index), f"m/44'/60'/0'/0/{index}", JUNK_ADDRESSES[index], entries[index].number] for index in range(3)
    ]
    assert (await addresses_csv(driver, second["key_id"]))[1:] == [
        ["0", "m/44'/60'/0'/0/0", ABANDON_ADDRESSES[0], entries[3].number]
    ]


async def test_the_csv_contains_no_formula(driver: PaymentDriver) -> None:
    key = await activate(driver)
    entry = await driver.register()
    await give(driver, entry)
    await driver.execute("UPDATE invoices SET registration_number = '=1+1' WHERE registration_id = :id", id=entry.id)
    assert [row[3] for row in (await addresses_csv(driver, key["key_id"]))[1:]] == ["'=1+1"]


async def test_the_csv_of_an_unknown_key_is_not_found(driver: PaymentDriver) -> None:
    answer = await driver.call("GET", f"/usdt/keys/{uuid4()}/addresses.csv", by=driver.staff(Role.OWNER))
    assert answer.is_problem(404, "unknown_key")
