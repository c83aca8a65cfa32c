"""The keys staff tokens are signed with, and how they change."""

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

from .identity_world import Login, Office


async def published(office: Office) -> list[dict[str, Any]]:
    reply = await office.call("GET", "/jwks.json")
    assert reply.status == 200
    keys: list[dict[str, Any]] = reply.body["keys"]
    return keys


def kid(login: Login) -> Any:
    return peek(login.access_token)["kid"]


async def accepted_elsewhere(office: Office, login: Login) -> bool:
    """Whether another service, which just fetched the keys, takes this token."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(office.app), base_url="http://startline.test")
    async with client:
        verifier = staff_verifier(keys_over_http(client, "/api/identity/v1/jwks.json"))
        try:
            await verifier.verify(login.access_token, peek(login.access_token))
        except InvalidToken:
            return False
        return True


async def test_only_public_halves_are_published_and_may_be_cached_for_a_minute(office: Office) -> None:
    [key] = await published(office)
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "Ed25519", "sig")
    reply = await office.call("GET", "/jwks.json")
    assert reply.headers["cache-control"] == "public, max-age=60"


async def test_the_private_half_is_sealed_in_the_database(office: Office) -> None:
    await published(office)
    [row] = await office.rows("SELECT sealed_private_key FROM signing_keys")
    assert row.sealed_private_key.startswith("gAAAA")
    assert '"d"' in office.settings.secret_box().open(row.sealed_private_key)


async def test_several_processes_that_start_at_once_make_one_key(office: Office) -> None:
    others = [office.another_process() for _ in range(3)]
    found = await asyncio.gather(*(published(each) for each in (office, *others)))
    for each in others:
        await each.close()
    assert len({key["kid"] for keys in found for key in keys}) == 1


async def test_after_a_rotation_both_keys_verify_until_the_old_ones_tokens_have_expired(office: Office) -> None:
    boss = await office.hire()
    before = await office.login(boss)
    assert (await office.me(before)).status == 200
    # when
    await signing_keys_of(office.settings, office.database).rotate()
    office.clock.advance(timedelta(seconds=30))  # other processes notice within half a minute
    after = await office.login(boss)
    # then
    assert kid(before) != kid(after)
    assert {key["kid"] for key in await published(office)} == {kid(before), kid(after)}
    assert (await office.me(before)).status == 200

    async def knows_the_new_key() -> bool:  # a ring of keys is not fetched twice in half a second
        return (await office.me(after)).status == 200

    await eventually(knows_the_new_key)
    assert await accepted_elsewhere(office, before)
    # when
    office.clock.advance(timedelta(minutes=11))
    # then
    assert [key["kid"] for key in await published(office)] == [kid(after)]
    assert not await accepted_elsewhere(office, before)
    assert await accepted_elsewhere(office, after)
    assert len(await office.audited("signing_key.rotate")) == 1


async def test_the_worker_rotates_keys_that_are_a_month_old(office: Office, idle_transport: InProcessTransport) -> None:
    [first] = await published(office)
    worker = SERVICE.build_worker(office.settings, office.database, idle_transport)
    job = next(each for each in worker._periodic if each.name == "rotate_signing_keys")
    # when
    await job.run()
    office.clock.advance(timedelta(days=29))
    await job.run()
    # then
    assert [key["kid"] for key in await published(office)] == [first["kid"]]
    # when
    office.clock.advance(timedelta(days=2))
    await asyncio.gather(job.run(), job.run())
    # then
    current = await office.rows("SELECT kid FROM signing_keys WHERE is_current")
    assert len(current) == 1
    assert current[0].kid != first["kid"]
