"""One address, or a few, cannot take the gateway from everybody else: not its connections, its memory or its disk."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from testkit.polling import eventually

from .conftest import OpenGateway
from .server import Gateway
from .wire import Answer, Connection, Crowd, answered, ask, request, unfinished

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SETTINGS = "/api/payment/v1/settings"
PROOFS = "/api/payment/v1/invoices/8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11/proofs"
LOGIN = "/api/identity/v1/login"
REFRESH = "/api/identity/v1/refresh"
EVENTS = "/api/registration/v1/events"
PROMO_CHECK = "/api/registration/v1/promo-codes/check"
CATEGORY = "8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11"
QRIS = 2794 * 1024
PICTURE = 1_900_000
JSON = "Content-Type: application/json"
ATTACKER, ANOTHER, RUNNER = "127.0.0.66", "127.0.0.67", "127.0.0.1"
FRONT = "127.0.0.9"


def _picture(path: str = PROOFS) -> bytes:
    return request("POST", path, "Content-Type: multipart/form-data; boundary=x", body=b"x" * PICTURE)


async def _runner(gateway: Gateway, sent: bytes) -> Answer:
    return await ask(gateway.port, sent, source=RUNNER)


def _open_files(gateway: Gateway, room: str) -> int:
    """Bodies that are being written there. Their names are gone already; the workers hold them open."""
    links = [link for worker in gateway.workers for link in Path(f"/proc/{worker}/fd").iterdir()]
    return sum(f"/{room}/" in _target(link) for link in links)


def _target(link: Path) -> str:
    """What a file descriptor is open on; nothing if it has been closed meanwhile."""
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


async def test_uploads_that_never_end_leave_room_for_everybody_elses(gateway: Gateway) -> None:
    async with Crowd(gateway.port) as crowd:
        held = await crowd.come(75, unfinished("PUT", SETTINGS, length=QRIS, sent=b"x" * 100_000), source=ATTACKER)
        refused = await answered(held, within=8)

        proof = await _runner(gateway, _picture())
        events = await _runner(gateway, request("GET", EVENTS))

    assert refused.count(401) == 8, "judged unread"
    assert (refused.count(429) + refused.count(503), len(refused)) == (67, 75)
    assert proof.problem["code"] == "unauthenticated", "payment itself answered"
    assert events.status == 200


@pytest.mark.parametrize(("path", "method"), [(SETTINGS, "PUT"), (PROOFS, "POST")])
async def test_uploads_of_many_addresses_that_dribble_take_no_place(gateway: Gateway, path: str, method: str) -> None:
    begun = unfinished(method, path, length=2_000_000, sent=b"xx")
    async with Crowd(gateway.port) as crowd:
        for number in range(12):
            await crowd.come(8, begun, source=f"127.0.1.{number}")
        refused = await answered(crowd.members, within=8)
        for each in crowd.members:
            await each.send(b"x")

        proofs = [await _runner(gateway, _picture()) for _ in range(3)]
        events = await _runner(gateway, request("GET", EVENTS))

    assert refused == [401] * 96
    assert [each.problem["code"] for each in proofs] == ["unauthenticated"] * 3, "payment itself answered"
    assert events.status == 200


@pytest.mark.parametrize(
    ("changes", "files"), [({}, 0), ({"proxy_request_buffering off;": ""}, 4)], ids=["as it is", "control"]
)
async def test_no_body_lies_on_the_disk(open_gateway: OpenGateway, changes: Mapping[str, str], files: int) -> None:
    gateway = await open_gateway(changes=changes)
    async with Crowd(gateway.port) as crowd:
        await crowd.come(4, unfinished("POST", LOGIN, JSON, length=60_000, sent=b"x" * 50_000), source=ATTACKER)
        await asyncio.sleep(1)

        await eventually(lambda: _open_files(gateway, "bodies") == files)


async def test_an_address_has_so_many_requests_under_way_and_no_more(gateway: Gateway) -> None:
    workers = gateway.workers
    async with Crowd(gateway.port) as crowd:
        held = await crowd.come(300, unfinished("POST", REFRESH, JSON, length=2), source=ATTACKER)
        refused = await answered(held, within=2.0)
        login = await _runner(gateway, request("POST", LOGIN, JSON, body=b"{}"))
        neighbour = await ask(gateway.port, request("GET", EVENTS), source=ANOTHER)

    assert refused == [429] * 100
    assert (login.status, neighbour.status) == (422, 200)
    assert gateway.workers == workers


async def test_the_server_that_only_redirects_counts_them_too(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(https=True)
    async with Crowd(gateway.port) as crowd:
        held = await crowd.come(300, unfinished("POST", LOGIN, length=60_000), source=ATTACKER)
        statuses = await answered(held, within=3.0)
        neighbour = await ask(gateway.port, request("GET", EVENTS), source=ANOTHER)

    assert sorted(statuses) == [308] * 200 + [429] * 100
    assert neighbour.status == 308


async def test_connections_that_only_wait_make_room_for_those_that_ask(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(changes={"worker_connections 4096": "worker_connections 128"})
    async with Crowd(gateway.port) as crowd:
        await crowd.come(400, b"", source=ATTACKER)

        asked = [await _runner(gateway, request("GET", EVENTS)) for _ in range(10)]

    assert {each.status for each in asked} == {200}


async def test_a_slow_header_is_let_go(gateway: Gateway) -> None:
    began = time.monotonic()
    connection = await Connection.open(gateway.port)
    await connection.send(b"GET /health/live HTTP/1.1\r\nHost: ")

    with pytest.raises((EOFError, ConnectionError)):
        await connection.answer(within=15)

    assert 4 < time.monotonic() - began < 12
    await connection.close()


async def test_who_sends_slowly_reads_that_it_is_too_much(open_gateway: OpenGateway) -> None:
    """Five megabytes at 100 KB a second; here at a twentieth of the time."""
    gateway = await open_gateway(changes={"lingering_time 120s": "lingering_time 6s"})
    connection = await Connection.open(gateway.port)
    await connection.send(unfinished("POST", PROOFS, length=5_000_000, sent=b""))

    for _ in range(25):
        await connection.send(b"x" * 20_000)
        await asyncio.sleep(0.1)

    assert (await connection.answer()).problem["code"] == "payload_too_large"
    await connection.close()


async def test_without_that_patience_the_connection_breaks_while_it_sends(open_gateway: OpenGateway) -> None:
    """The negative control."""
    gateway = await open_gateway(changes={"lingering_time 120s": "lingering_time 1s"})
    connection = await Connection.open(gateway.port)
    await connection.send(unfinished("POST", PROOFS, length=5_000_000, sent=b""))

    async def send_it_all() -> None:
        for _ in range(60):
            await connection.send(b"x" * 20_000)
            await asyncio.sleep(0.1)

    with pytest.raises(ConnectionError):
        await send_it_all()
    await connection.close()


def _over(*address: str) -> str:
    return f"X-Forwarded-For: {', '.join(address)}"


async def _logins(gateway: Gateway, addresses: list[str], *, source: str = FRONT) -> list[int]:
    """A login from each; 422 is one that was let through, for it says nothing."""
    return [
        (await ask(gateway.port, request("POST", LOGIN, JSON, _over(each), body=b"{}"), source=source)).status
        for each in addresses
    ]


@pytest.mark.parametrize(
    "addresses",
    [
        [f"2001:db8:5::{n:x}" for n in range(1, 21)],
        [f"2001:db8:6:0:0:{n:x}:7:9" for n in range(1, 21)],
        [f"2001:db8::{n:x}:1" for n in range(1, 21)],
        [f"2001:0DB8:0007:0000:aaaa:bbbb:cccc:{n:04X}" for n in range(1, 21)],
        [*(f"2001:db8:8:1:{n:x}::" for n in range(1, 11)), *(f"2001:db8:8:1:ffff::{n:x}" for n in range(1, 11))],
        ["203.0.113.9"] * 10 + ["::ffff:203.0.113.9"] * 5 + ["::ffff:cb00:7109"] * 5,
        [f"203.0.113.10:{port}" for port in range(5000, 5020)],
    ],
    ids=["compressed", "zeros inside", "subnet zero", "written out", "two halves", "IPv4 as IPv6", "with a port"],
)
async def test_one_customer_is_one_client_however_the_address_is_written(
    gateway: Gateway, addresses: list[str]
) -> None:
    statuses = await _logins(gateway, addresses)

    assert statuses[:16] == [422] * 16
    assert 429 in statuses[16:]


async def test_different_customers_are_different_clients(gateway: Gateway) -> None:
    addresses = [*(f"2001:db8:1:{n:x}::1" for n in range(20)), *(f"203.0.113.{n}" for n in range(20))]

    assert set(await _logins(gateway, addresses)) == {422}


async def test_what_a_client_writes_about_itself_is_not_believed(gateway: Gateway) -> None:
    statuses = await _logins(gateway, [f"198.51.100.{n}" for n in range(20)], source=RUNNER)

    assert statuses.count(429) >= 3


async def test_several_front_proxies_are_believed(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(settings={"FRONT_PROXY": "127.0.0.9/32, 127.0.0.16/28,2001:db8:f::/48"})

    through = [await _logins(gateway, [f"198.51.100.{n}"], source=f"127.0.0.{9 + n % 2 * 8}") for n in range(20)]
    chained = await _logins(gateway, [f"198.51.100.77, 127.0.0.{16 + n % 16}" for n in range(20)])
    strangers = await _logins(gateway, [f"198.51.100.{n}" for n in range(20)], source="127.0.0.8")

    assert through == [[422]] * 20
    assert 429 in chained, "the first address that no front proxy has is the client's"
    assert 429 in strangers


async def test_too_many_are_told_when_to_come_back_and_others_are_served(gateway: Gateway) -> None:
    sent = request("POST", LOGIN, JSON, body=b"{}")
    answers = [await ask(gateway.port, sent, source=ATTACKER) for _ in range(20)]

    refused = [each for each in answers if each.status == 429]
    assert refused
    assert {(each.problem["code"], each.headers["retry-after"]) for each in refused} == {("too_many_requests", "5")}
    assert (await _runner(gateway, sent)).status == 422


@pytest.mark.parametrize("end", ["%0A", "%0a", "%0D%0A", "%00", "%1f", "%7F"])
@pytest.mark.parametrize("path", [LOGIN, "/api/registration/v1/registrations", "/api/checkin/v1/stations/main/login"])
async def test_a_control_character_gets_past_no_limit(gateway: Gateway, path: str, end: str) -> None:
    answer = await ask(gateway.port, request("POST", f"{path}{end}", JSON, body=b"{}"))

    assert answer.problem["status"] == 400


@pytest.mark.parametrize("path", [f"/{LOGIN}", "/api/identity/v1/%6cogin", "/api/identity/v1/x/../login"])
async def test_another_spelling_of_a_path_is_the_same_path(gateway: Gateway, path: str) -> None:
    sent = request("POST", path, JSON, body=b"{}")
    statuses = [(await ask(gateway.port, sent, source=ATTACKER)).status for _ in range(20)]

    assert 429 in statuses


async def test_an_address_that_searches_without_end_is_slowed_and_may_still_read_the_list(gateway: Gateway) -> None:
    search = request("GET", f"{EVENTS}?q=run")
    statuses = [(await ask(gateway.port, search, source=ATTACKER)).status for _ in range(100)]
    listed = await ask(gateway.port, request("GET", EVENTS), source=ATTACKER)
    runner = await ask(gateway.port, search, source=RUNNER)

    assert statuses[:60] == [200] * 60
    assert 429 in statuses
    assert (listed.status, runner.status) == (200, 200)


async def test_an_address_that_guesses_promo_codes_is_stopped_and_others_may_check_theirs(gateway: Gateway) -> None:
    check = request("GET", f"{PROMO_CHECK}?category_id={CATEGORY}&code=GUESSED&registration_type=individual")
    statuses = [(await ask(gateway.port, check, source=ATTACKER)).status for _ in range(20)]
    runner = await ask(gateway.port, check, source=RUNNER)

    assert statuses[:10] == [404] * 10
    assert statuses.count(429) >= 7
    assert runner.status == 404


async def test_what_has_no_limit_of_its_own_has_the_common_one(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(
        settings={"RATE_SENDING_PER_MINUTE": "60"}, changes={"sending burst=200": "sending burst=5"}
    )
    sent = request("POST", "/api/identity/v1/staff", JSON, body=b"{}")
    statuses = [(await ask(gateway.port, sent, source=ATTACKER)).status for _ in range(10)]
    read = [(await ask(gateway.port, request("GET", EVENTS), source=ATTACKER)).status for _ in range(20)]

    assert statuses[:6] == [401] * 6
    assert 429 in statuses
    assert set(read) == {200}, "reading is not counted"
