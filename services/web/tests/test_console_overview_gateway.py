"""The first page says that the payment gateway refuses the stored server key, to those who can enter another."""

from datetime import timedelta

import httpx
import pytest
from chassis.auth.principals import Role

from .overview_console import AWAY, PAGE, Console, needs
from .walk_overview_answers import ACCOUNT, account, ago, json_of

TILE = "gateway"


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
@pytest.mark.parametrize("address", [PAGE, f"{PAGE}/tiles"])
async def test_a_refused_key_has_a_tile_with_its_time_that_leads_to_the_account(role: Role, address: str) -> None:
    console = Console(role)
    console.answers[ACCOUNT] = account(ago(hours=3))
    page = await console.page(address)
    assert needs(page)[TILE] == ("3 hours", "hot")
    links = [each for each in page.all("a") if each.get("href") == f"/en/console/{TILE}"]
    [tile] = [each for each in links if "need" in (each.get("class") or "").split()]
    assert "Server key refused by Midtrans" in tile.text
    assert "runners cannot pay through it" in tile.text


@pytest.mark.parametrize("answer", [account(), json_of({"mode": None, "merchant_id": None, "offers": []}), AWAY])
async def test_without_a_refusal_there_is_no_tile(answer: httpx.Response) -> None:
    console = Console(Role.OWNER)
    console.answers[ACCOUNT] = answer
    assert TILE not in needs(await console.page())


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_those_who_cannot_enter_a_key_are_not_asked_for_one(role: Role) -> None:
    console = Console(role)
    console.answers[ACCOUNT] = account(ago(hours=3))
    assert TILE not in needs(await console.page())
    assert ACCOUNT[1] not in {each.url.path for each in console.calls}


async def test_while_payment_is_away_the_last_refusal_stays_with_its_time() -> None:
    console = Console(Role.OWNER)
    console.answers[ACCOUNT] = account(ago(hours=3))
    await console.page()
    console.answers[ACCOUNT] = AWAY
    console.clock.advance(timedelta(minutes=12))
    page = await console.page()
    assert needs(page)[TILE] == ("3 hours", "hot")
    assert "As of 11:00" in page.text
