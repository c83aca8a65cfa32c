"""Keys come and go, in both halves: those we fetch from others and those we sign with ourselves."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.access import peek, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import KeyRing, issue
from chassis.clock import utcnow
from chassis.database import Database
from chassis.errors import InvalidToken, Unavailable
from chassis.secrets import SecretBox, UnreadableSecret, new_key
from joserfc.jwk import KeySetSerialization, OKPKey
from sqlalchemy import insert, select
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError
from testkit.clocks import ManualClock
from testkit.example.service import Connect
from testkit.example.tables import service_tables, signing_keys

LIFETIME = timedelta(minutes=15)

MakeKeys = Callable[..., SigningKeys]


class Publisher:
    """An issuer's JWKS, and how often it was asked for it."""

    def __init__(self) -> None:
        self.keys = [OKPKey.generate_key("Ed25519", auto_kid=True)]
        self.asked = 0
        self.down = False

    async def fetch(self) -> KeySetSerialization:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise ConnectionRefusedError
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def kid(self, place: int = 0) -> str:
        kid = self.keys[place].kid
        assert kid
        return kid


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


async def test_keys_are_fetched_once_however_many_ask_at_once(publisher: Publisher) -> None:
    ring = KeyRing(publisher.fetch)

    found = await asyncio.gather(*(ring.key(publisher.kid()) for _ in range(20)))

    assert {key.kid for key in found} == {publisher.kid()}
    assert publisher.asked == 1


async def test_a_new_key_is_fetched_when_the_first_token_with_it_comes(publisher: Publisher) -> None:
    ring = KeyRing(publisher.fetch, min_interval=0)
    await ring.key(publisher.kid())

    publisher.keys.append(OKPKey.generate_key("Ed25519", auto_kid=True))

    assert (await ring.key(publisher.kid(1))).kid == publisher.kid(1)
    assert (await ring.key(publisher.kid(0))).kid == publisher.kid(0)
    assert publisher.asked == 2


async def test_made_up_key_ids_do_not_make_us_ask_again_and_again(publisher: Publisher) -> None:
    ring = KeyRing(publisher.fetch, min_interval=60)
    await ring.key(publisher.kid())

    for number in range(20):
        with pytest.raises(InvalidToken):
            await ring.key(f"made-up-{number}")

    assert publisher.asked == 1


async def test_a_key_that_is_published_no_more_is_good_no_more(publisher: Publisher) -> None:
    ring = KeyRing(publisher.fetch, max_age=0, min_interval=0)
    gone = publisher.kid()
    await ring.key(gone)

    publisher.keys = [OKPKey.generate_key("Ed25519", auto_kid=True)]

    with pytest.raises(InvalidToken):
        await ring.key(gone)


async def test_while_the_issuer_is_down_the_keys_we_know_stay_good(publisher: Publisher) -> None:
    ring = KeyRing(publisher.fetch, max_age=0, min_interval=0)
    await ring.key(publisher.kid())

    publisher.down = True

    assert (await ring.key(publisher.kid())).kid == publisher.kid()
    with pytest.raises(InvalidToken):
        await ring.key("made-up")


async def test_an_issuer_that_is_down_is_not_asked_with_every_request(publisher: Publisher) -> None:
    ring = KeyRing(publisher.fetch, max_age=0, min_interval=60)
    publisher.down = True

    for _ in range(20):
        with pytest.raises(Unavailable):
            await ring.key(publisher.kid())

    assert publisher.asked == 1


async def test_those_whose_key_is_known_do_not_wait_for_an_issuer_that_hangs(publisher: Publisher) -> None:
    hanging = asyncio.Event()

    async def fetch() -> KeySetSerialization:
        if publisher.down:
            hanging.set()
            await asyncio.Event().wait()
        return await publisher.fetch()

    ring = KeyRing(fetch, min_interval=0)
    await ring.key(publisher.kid())
    publisher.down = True
    stuck = asyncio.create_task(ring.key("made-up"))
    await hanging.wait()

    assert (await asyncio.wait_for(ring.key(publisher.kid()), timeout=5)).kid == publisher.kid()
    stuck.cancel()


async def test_an_issuer_never_reached_makes_us_unavailable_and_later_available(publisher: Publisher) -> None:
    ring = KeyRing(publisher.fetch, min_interval=0)
    publisher.down = True
    with pytest.raises(Unavailable, match="cannot be checked"):
        await ring.key(publisher.kid())

    publisher.down = False

    assert (await ring.key(publisher.kid())).kid == publisher.kid()


async def test_nonsense_instead_of_keys_is_as_good_as_no_answer() -> None:
    async def fetch() -> Any:
        return {"keys": [{"kty": "nonsense"}]}

    with pytest.raises(Unavailable):
        await KeyRing(fetch).key("any")


@pytest.fixture
def box() -> SecretBox:
    return SecretBox([new_key()])


@pytest.fixture
def make_keys(box: SecretBox) -> MakeKeys:
    """The signing keys of one process; the next one sees rotations at once."""

    def make(database: Database, **options: Any) -> SigningKeys:
        return SigningKeys(database, signing_keys, box, token_lifetime=LIFETIME, **{"cache_seconds": 0.0, **options})

    return make


async def accepts(keys: SigningKeys, signed_with: OKPKey) -> bool:
    """Whether a service that fetches the public keys takes a token signed with that key."""
    made = issue(
        signed_with,
        kind=TokenKind.STAFF,
        issuer="startline.identity",
        subject=str(uuid4()),
        now=utcnow(),
        lifetime=LIFETIME,
    )
    verifier = staff_verifier(KeyRing(keys.public))
    try:
        await verifier.verify(made.token, peek(made.token))
    except InvalidToken:
        return False
    return True


async def test_a_verifier_takes_one_kind_of_token_whoever_signed_it(publisher: Publisher) -> None:
    made = issue(
        publisher.keys[0],
        kind=TokenKind.RUNNER,
        issuer="startline.identity",
        subject=str(uuid4()),
        now=utcnow(),
        lifetime=LIFETIME,
    )

    with pytest.raises(InvalidToken):
        await staff_verifier(KeyRing(publisher.fetch)).verify(made.token, peek(made.token))


async def test_the_first_key_is_made_once_though_many_processes_need_it_at_once(
    url: str, connect: Connect, make_keys: MakeKeys
) -> None:
    processes = [make_keys(connect(url)) for _ in range(3)]

    found = await asyncio.gather(*(keys.current() for keys in processes for _ in range(4)))

    assert len({key.kid for key in found}) == 1
    assert len((await processes[0].public())["keys"]) == 1


async def test_a_crowd_that_needs_the_key_looks_it_up_once(database: Database, make_keys: MakeKeys) -> None:
    keys = make_keys(database, cache_seconds=30.0)
    await keys.current()
    looked_up = []
    listen(database.engine.sync_engine, "before_cursor_execute", lambda *heard: looked_up.append(heard[2]))

    keys._current.forget()
    found = await asyncio.gather(*(keys.current() for _ in range(200)))

    assert len({key.kid for key in found}) == 1
    assert len(looked_up) == 1


async def test_the_database_holds_no_second_current_key(database: Database, make_keys: MakeKeys) -> None:
    async def add_another() -> None:
        async with database.work() as work:
            values = {"kid": "x", "sealed_private_key": "x", "public_key": {}, "created_at": work.now}
            await work.session.execute(insert(signing_keys).values(**values, is_current=True))

    await make_keys(database).current()

    with pytest.raises(IntegrityError, match="uq_signing_keys_is_current"):
        await add_another()


async def test_after_a_rotation_the_old_key_verifies_until_its_last_token_has_expired(
    database: Database, make_keys: MakeKeys, clock: ManualClock
) -> None:
    keys = make_keys(database)
    old = await keys.current()

    await keys.rotate()
    new = await keys.current()

    assert new.kid != old.kid
    assert await accepts(keys, old)
    assert await accepts(keys, new)
    clock.advance(LIFETIME)
    assert await accepts(keys, old), "a token signed in the last moment lives a whole lifetime"
    clock.advance(timedelta(minutes=6))
    assert not await accepts(keys, old)
    assert await accepts(keys, new)


async def test_two_processes_that_rotate_at_once_leave_one_current_key(
    url: str, connect: Connect, make_keys: MakeKeys
) -> None:
    one, other = make_keys(connect(url)), make_keys(connect(url))
    await one.current()

    await asyncio.gather(one.rotate(), other.rotate())

    assert (await one.current()).kid == (await other.current()).kid


async def test_a_process_signs_with_the_key_it_knows_until_it_looks_again(
    url: str, connect: Connect, make_keys: MakeKeys
) -> None:
    rotating, remembering = make_keys(connect(url)), make_keys(connect(url), cache_seconds=3600.0)
    old = await remembering.current()

    await rotating.rotate()

    assert (await remembering.current()).kid == old.kid
    assert await accepts(rotating, await remembering.current())


async def test_a_key_is_rotated_when_it_is_old_and_not_before(
    database: Database, make_keys: MakeKeys, clock: ManualClock
) -> None:
    keys = make_keys(database)
    await keys.rotate_when_older(timedelta(days=30))
    first = (await keys.current()).kid

    clock.advance(timedelta(days=29))
    await keys.rotate_when_older(timedelta(days=30))
    assert (await keys.current()).kid == first

    clock.advance(timedelta(days=2))
    await keys.rotate_when_older(timedelta(days=30))
    assert (await keys.current()).kid != first

    async with database.read() as session:
        log = service_tables.audit_log
        assert (await session.execute(select(log.c.action, log.c.actor))).all() == [("signing_key.rotate", "system")]


async def test_a_key_from_a_clock_that_was_a_year_ahead_is_replaced_once_the_clock_is_right(
    database: Database, make_keys: MakeKeys, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=365))
    first = (await make_keys(database).current()).kid
    clock.advance(timedelta(days=-365))
    keys = make_keys(database)
    # when
    await keys.rotate_when_older(timedelta(days=30))
    # then
    assert (await keys.current()).kid != first


async def test_whoever_reads_the_table_cannot_sign(database: Database, make_keys: MakeKeys, box: SecretBox) -> None:
    keys = make_keys(database)
    private = (await keys.current()).as_dict(private=True)["d"]

    async with database.read() as session:
        row = (await session.execute(select(signing_keys))).mappings().one()
    assert str(private) not in str(dict(row))
    assert set(row["public_key"]) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert str(private) in box.open(row["sealed_private_key"])
    with pytest.raises(UnreadableSecret):
        SecretBox([new_key()]).open(row["sealed_private_key"])
    assert "d" not in (await keys.public())["keys"][0]


def test_a_secret_sealed_with_an_old_key_opens_while_that_key_is_kept() -> None:
    old, new = new_key(), new_key()
    sealed = SecretBox([old]).seal("token-of-the-gateway")

    assert SecretBox([new, old]).open(sealed) == "token-of-the-gateway"
    assert SecretBox([new]).open(SecretBox([new, old]).seal("sealed anew")) == "sealed anew"
    with pytest.raises(UnreadableSecret, match="no configured key"):
        SecretBox([new]).open(sealed)


@pytest.mark.parametrize("tampered", ["", "nonsense", "\u00fc", "gAAAAA=="])
def test_what_was_not_sealed_here_does_not_open(box: SecretBox, tampered: str) -> None:
    with pytest.raises(UnreadableSecret):
        box.open(tampered)


def test_a_sealed_secret_shows_nothing_and_never_looks_the_same(box: SecretBox) -> None:
    first, second = box.seal("sari"), box.seal("sari")

    assert first != second
    assert "sari" not in first
    with pytest.raises(UnreadableSecret):
        box.open(first[:-6] + ("AAAA==" if not first.endswith("AAAA==") else "BBBB=="))
