"""The keys that sign staff tokens, and their rotation."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from chassis.auth.access import keys_over_http, peek, staff_verifier
from chassis.errors import InvalidToken
from chassis.transports import InProcessTransport
from identity.keys import signing_keys_of
from identity.service import SERVICE
from testkit.polling import eventually

from .identity_driver import IdentityDriver, Login


async def published_keys(driver: IdentityDriver) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = (await driver.call("GET", "/jwks.json")).require(200)["keys"]
    return keys


def kid(login: Login) -> Any:
    return peek(login.access_token)["kid"]


async def is_accepted_elsewhere(driver: IdentityDriver, login: Login) -> bool:
    """Return whether another service, which just fetched the keys, accepts this token."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(driver.app), base_url="http://startline.test")
    async with client:
        verifier = staff_verifier(keys_over_http(client, driver.url("/jwks.json")))
        try:
            await verifier.verify(login.access_token, peek(login.access_token))
        except InvalidToken:
            return False
        return True


async def test_only_public_keys_are_published_and_may_be_cached_for_a_minute(driver: IdentityDriver) -> None:
    [key] = await published_keys(driver)
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "Ed25519", "sig")
    answer = await driver.call("GET", "/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=60"


async def test_private_keys_are_encrypted_in_the_database(driver: IdentityDriver) -> None:
    await published_keys(driver)
    [row] = await driver.rows("SELECT sealed_private_key FROM signing_keys")
    assert row["sealed_private_key"].startswith("gAAAA")
    assert '"d"' in driver.settings.secret_box().open(row["sealed_private_key"])


async def test_several_processes_that_start_at_once_create_one_key(driver: IdentityDriver) -> None:
    others = [driver.another_process() for _ in range(3)]
    found = await asyncio.gather(*(published_keys(each) for each in (driver, *others)))
    for each in others:
        await each.close()
    assert len({key["kid"] for keys in found for key in keys}) == 1


async def test_after_a_rotation_both_keys_verify_until_the_old_ones_tokens_have_expired(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    before = await driver.log_in(boss)
    assert (await driver.me(before)).status == 200
    # when
    await signing_keys_of(driver.settings, driver.database).rotate()
    driver.clock.advance(timedelta(seconds=30))  # other processes notice within half a minute
    after = await driver.log_in(boss)
    # then
    assert kid(before) != kid(after)
    assert {key["kid"] for key in await published_keys(driver)} == {kid(before), kid(after)}
    assert (await driver.me(before)).status == 200

    async def knows_the_new_key() -> bool:  # a ring of keys is not fetched twice in half a second
        return (await driver.me(after)).status == 200

    await eventually(knows_the_new_key)
    assert await is_accepted_elsewhere(driver, before)
    # when
    driver.clock.advance(timedelta(minutes=11))
    # then
    assert [key["kid"] for key in await published_keys(driver)] == [kid(after)]
    assert not await is_accepted_elsewhere(driver, before)
    assert await is_accepted_elsewhere(driver, after)
    assert len(await driver.audit_log("signing_key.rotate")) == 1


async def test_the_worker_rotates_keys_that_are_a_month_old(
    driver: IdentityDriver, idle_transport: InProcessTransport
) -> None:
    [first] = await published_keys(driver)
    worker = SERVICE.build_worker(driver.settings, driver.database, idle_transport)
    job = next(each for each in worker._periodic if each.name == "rotate_signing_keys")
    # when
    await job.run()
    driver.clock.advance(timedelta(days=29))
    await job.run()
    # then
    assert [key["kid"] for key in await published_keys(driver)] == [first["kid"]]
    # when
    driver.clock.advance(timedelta(days=2))
    await asyncio.gather(job.run(), job.run())
    # then
    current = await driver.rows("SELECT kid FROM signing_keys WHERE is_current")
    assert len(current) == 1
    assert current[0]["kid"] != first["kid"]
