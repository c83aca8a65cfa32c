"""Addresses that were given are compared with those of their key; the doctor finds one that was changed."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import pytest
from chassis.secrets import SecretBox, new_key
from payment.usdt.keys import queries
from payment.usdt.keys.checking import check_addresses
from payment.usdt.pay.consistency import differing_addresses, unchecked_keys
from payment.usdt.quotes.commands import own_address
from structlog.testing import capture_logs

from .payment_driver import PaymentDriver
from .payment_usdt_keys import ABANDON, activate

_OTHERS: Final = "UPDATE payment_addresses SET address = :other WHERE key_id = :key AND index = :index"


async def give(driver: PaymentDriver, addresses: int) -> None:
    """Give addresses to as many invoices."""
    for _ in range(addresses):
        entry = await driver.register()
        async with driver.database.work() as work:
            await own_address(work, entry.id, driver.settings.secret_box())


async def two_keys(driver: PaymentDriver) -> tuple[UUID, UUID]:
    """Return a key that was replaced, of which five addresses were given, and the active one with two."""
    first = await activate(driver)
    await give(driver, 5)
    second = await activate(driver, ABANDON)
    await give(driver, 2)
    return UUID(first["key_id"]), UUID(second["key_id"])


async def check(driver: PaymentDriver) -> int:
    with capture_logs():
        return await check_addresses(driver.database, driver.settings.secret_box())


async def differing(driver: PaymentDriver) -> list[tuple[UUID, int]]:
    """Return what the doctor finds: keys and indices."""
    async with driver.database.read() as session:
        return [(row.key_id, row.number) for row in await differing_addresses(session)]


async def unchecked(driver: PaymentDriver) -> list[tuple[UUID, bool]]:
    """Return the keys of which the doctor warns, and whether they can be decrypted."""
    async with driver.database.read() as session:
        return [(row.key_id, row.is_readable) for row in await unchecked_keys(session)]


async def compared(driver: PaymentDriver) -> dict[UUID, int]:
    rows: Sequence[dict[str, Any]] = await driver.rows("SELECT key_id, addresses FROM usdt_key_checks")
    return {row["key_id"]: row["addresses"] for row in rows}


async def test_the_addresses_of_all_keys_are_compared_and_are_theirs(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given more addresses than are read at once
    monkeypatch.setattr(queries, "_EXPORTED_AT_ONCE", 2)
    first, second = await two_keys(driver)
    # when
    found = await check(driver)
    # then
    assert (found, await differing(driver), await unchecked(driver)) == (0, [], [])
    assert await compared(driver) == {first: 5, second: 2}


@pytest.mark.parametrize("index", [0, 3, 4])
async def test_one_address_that_was_changed_is_found_by_its_index(driver: PaymentDriver, index: int) -> None:
    # given
    first, second = await two_keys(driver)
    address = await driver.scalar(
        "SELECT address FROM payment_addresses WHERE key_id = :key AND index = :index", key=first, index=index
    )
    await driver.execute(_OTHERS, other=bytes(20), key=first, index=index)
    # when
    found = await check(driver)
    # then
    assert (found, await differing(driver)) == (1, [(first, index)])
    assert await compared(driver) == {first: 5, second: 2}

    # and once it is put right, no more
    await driver.execute(_OTHERS, other=address, key=first, index=index)
    assert (await check(driver), await differing(driver)) == (0, [])


async def test_an_address_of_another_index_or_key_is_found(driver: PaymentDriver) -> None:
    first, second = await two_keys(driver)
    await driver.execute("UPDATE payment_addresses SET index = index + 10 WHERE key_id = :key", key=second)
    await driver.execute("UPDATE payment_addresses SET key_id = :key WHERE key_id = :of", key=second, of=first)
    assert await check(driver) == 7
    assert {key for key, _ in await differing(driver)} == {second}


async def test_the_log_names_what_differs(driver: PaymentDriver) -> None:
    first, _ = await two_keys(driver)
    await driver.execute(_OTHERS, other=bytes(20), key=first, index=3)
    with capture_logs() as logs:
        await check_addresses(driver.database, driver.settings.secret_box())
    [line] = [each for each in logs if each["event"] == "addresses_differ"]
    assert (line["log_level"], line["key"], line["first"]) == ("error", str(first), [3])


@pytest.mark.parametrize("sealed", [None, "not a key"])
async def test_a_key_that_cannot_be_read_is_a_warning_and_keeps_no_other_from_being_compared(
    driver: PaymentDriver, sealed: str | None
) -> None:
    # given
    first, second = await two_keys(driver)
    other = SecretBox([new_key()]).seal(ABANDON)
    text = other if sealed is None else driver.settings.secret_box().seal(sealed)
    await driver.execute("UPDATE receiving_keys SET xpub = :xpub WHERE id = :key", xpub=text, key=second)
    await driver.execute(_OTHERS, other=bytes(20), key=first, index=2)
    # when
    await check(driver)
    # then
    assert await differing(driver) == [(first, 2)]
    assert await unchecked(driver) == [(second, False)]


async def test_addresses_that_were_not_compared_for_hours_are_a_warning(driver: PaymentDriver) -> None:
    first, second = await two_keys(driver)
    await check(driver)
    late = "UPDATE usdt_key_checks SET checked_at = now() - interval '7 hours' WHERE key_id = :key"
    await driver.execute(late, key=first)
    assert await unchecked(driver) == [(first, True)]
    await check(driver)
    assert await unchecked(driver) == []
    assert (await compared(driver)).keys() == {first, second}
