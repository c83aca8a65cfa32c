"""The gateway writes down what operators need and no secret, and gives everybody the same public answer."""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from testkit.polling import eventually

from .conftest import OpenGateway
from .server import Gateway
from .wire import ask, request

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CODE = "kQ3_x9Zt-fR7aLw0YbN2vA"
WORD = "rahasia"
"""A word like those of our paths."""
HEX = "0123456789abcdef0123456789abcdef"
ID = "8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11"
EVENTS = "/api/registration/v1/events"

SECRET = [
    *(f"/api/registration/v1/tickets/{code}.svg" for code in (CODE, HEX)),
    f"/api/registration/v1/tickets/{CODE}.svg?code={CODE}",
    f"/api/registration/v1//tickets/{CODE}.svg",
    f"/api/registration/v1/%74ickets/{CODE}.svg",
    f"/api/registration/v1/Tickets/{CODE}.svg",
    f"/api/registration/v1/ticket/{CODE}.svg",
    f"/tickets/{CODE}.svg",
    f"/api/registration/v2/tickets/{CODE}.svg",
    f"/api/registration/v1/tickets/%2e/../{CODE}.svg",
    f"/api/registration/v1/links/{ID}/{CODE}",
    *(f"{language}/r/FR5K-00001/{end}" for language in ("", "/en") for end in (CODE, f"{CODE}/proof", f"proof/{CODE}")),
    f"//r/FR5K-00001/{CODE}",
    f"/r/FR5K-00001%2f{CODE}",
    f"/x:/r/FR5K-00001/{CODE}",
    f"/en/R/FR5K-00001/{CODE}",
    f"/races/{WORD}/register/{CODE}",
    f"/recover/{CODE}",
    *(f"{language}/t/{HEX}" for language in ("", "/en")),
    f"/recover?code={CODE}",
    f"/api/notification/v1/webhooks/fonnte/{CODE}",
    f"/api/notification/v1/webhook/fonnte/{HEX}",
    f"/api/notification/v1/webhooks/{CODE}",
    f"/webhooks/{CODE}",
    f"/api/registration/v1/{CODE}",
    f"/api/registration/v1/{WORD}",
    f"/api/registration/v1/{WORD}/registrations",
    f"/api/registration/v1/registrations/{WORD}",
    f"/api/registration/v1/registrations/{WORD}.svg",
    f"/api/notification/v1/webhook/fonnte/{WORD}",
    f"/api/notification/v1/webhooks/fonnte/{WORD}",
    f"/api/{CODE}",
    f"/{CODE}",
]


async def _logged(gateway: Gateway, count: int) -> list[Mapping[str, Any]]:
    """The newest lines, once there are so many."""
    await eventually(lambda: len(gateway.log()) >= count)
    return list(gateway.log())


@pytest.mark.parametrize("path", SECRET)
async def test_no_code_in_a_path_is_written_down(gateway: Gateway, path: str) -> None:
    for method in ("GET", "POST"):
        await ask(gateway.port, request(method, path))

    lines = json.dumps(await _logged(gateway, 2)) + gateway.errors()

    assert CODE not in lines
    assert HEX not in lines
    assert WORD not in lines


async def test_nobodys_name_or_number_is_written_down(gateway: Gateway) -> None:
    for path in ("/api/registration/v1/registrations/Budi%20Santoso", "/api/registration/v1/events?phone=+62811223344"):
        await ask(gateway.port, request("GET", path))

    lines = json.dumps(await _logged(gateway, 2))

    assert "Santoso" not in lines
    assert "62811" not in lines
    assert "127.0.0.1" not in lines.replace('"upstream": "127.0.0.1', "")


async def test_what_is_served_is_named(gateway: Gateway) -> None:
    paths = [EVENTS, f"/api/payment/v1/invoices/{ID}", "/api/payment/v1/instructions/qris.png"]
    for path in paths:
        await ask(gateway.port, request("GET", path))
    await ask(gateway.port, request("GET", f"/api/registration/v1/tickets/{CODE}.svg"))

    lines = await _logged(gateway, 4)

    assert [line["path"] for line in lines] == [*paths, "/api/registration/v1/tickets/…"]


async def test_of_a_page_it_is_said_which_and_not_whose(gateway: Gateway) -> None:
    named = {
        "/": "/",
        "/en/?q=budi": "/en/",
        "/races/jakarta-fun-run": "/races/…",
        "/en/races/jakarta-fun-run/register/5k": "/en/races/…/register",
        f"/r/FR5K-00001/{CODE}": "/r/…",
        "/en/r/FR5K-00001/proof": "/en/r/…/proof",
        "/r/FR5K-00001/stream": "/r/…/stream",
        "/static/0123456789.look.css": "/static/…",
        "/budi-santoso": "-",
    }
    for path in named:
        await ask(gateway.port, request("GET", path))

    lines = await _logged(gateway, len(named))

    assert [line["path"] for line in lines] == [*named.values()]


async def test_what_is_not_known_of_a_path_ends_what_is_written_of_it(gateway: Gateway) -> None:
    await ask(gateway.port, request("POST", f"/api/registration/v1/registrations/{ID}/{WORD}/cancel"))

    [line] = await _logged(gateway, 1)

    assert line["path"] == f"/api/registration/v1/registrations/{ID}/…"


@pytest.mark.parametrize(("level", "said"), [("emerg", False), ("crit", True)], ids=["as it is", "control"])
async def test_a_disk_that_takes_nothing_makes_it_write_no_request_down(
    open_gateway: OpenGateway, level: str, said: bool
) -> None:
    gateway = await open_gateway(changes={"/dev/stderr emerg;": f"/dev/stderr {level};"})
    shutil.rmtree(gateway.folder / "cache" / "nginx" / "cache")

    with suppress(EOFError):
        await ask(gateway.port, request("GET", f"{EVENTS}?secret={CODE}"))

    assert (CODE in gateway.errors()) is said


@pytest.mark.parametrize(
    "asked",
    [
        request("GET", f"{EVENTS}?x=1"),
        request("GET", EVENTS, "Authorization: Bearer nobody"),
        request("GET", EVENTS, "Cookie: a=b"),
        request("GET", EVENTS, "X-Forwarded-Host: evil.example", "X-Original-URL: /api/identity/v1/staff"),
        request("GET", EVENTS, "Range: bytes=0-1"),
        request("GET", EVENTS, "X-HTTP-Method-Override: DELETE"),
        request("GET", f"/x/..{EVENTS}"),
    ],
)
async def test_a_public_read_is_the_same_for_all_and_comes_from_the_cache(gateway: Gateway, asked: bytes) -> None:
    first = await ask(gateway.port, request("GET", EVENTS))
    second = await ask(gateway.port, asked)

    assert second.body in (first.body, first.body[:2])
    assert first.headers["x-correlation-id"] != second.headers["x-correlation-id"]
    lines = await _logged(gateway, 2)
    assert lines[1]["cache"] in ("HIT", "UPDATING"), lines


@pytest.mark.parametrize("asked", ["q=nothing-is-called-so", "x=1&q=nothing", "%71=nothing", "from=2999-01-01"])
async def test_a_search_is_neither_the_list_nor_kept_in_its_place(gateway: Gateway, asked: str) -> None:
    first = await ask(gateway.port, request("GET", f"{EVENTS}?{asked}"))
    listed = await ask(gateway.port, request("GET", EVENTS))
    again = await ask(gateway.port, request("GET", f"{EVENTS}?{asked}"))

    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-store"
    assert listed.headers["cache-control"].startswith("public")
    lines = await _logged(gateway, 3)
    assert [line["cache"] for line in lines] == ["BYPASS", "MISS", "BYPASS"]


async def test_what_a_token_opens_is_never_cached(gateway: Gateway) -> None:
    for _ in range(2):
        answer = await ask(gateway.port, request("GET", "/api/payment/v1/settings"))
        assert answer.status == 401
    assert {line["cache"] for line in await _logged(gateway, 2)} == {""}
