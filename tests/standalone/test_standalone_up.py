"""`startline up` as a newcomer runs it: nothing configured, nothing installed."""

import json
import re
import stat
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.process import BackgroundServer
from embedded.ports import free_port
from simulators.midtrans import MidtransAccount, build_midtrans
from simulators.settings import Settings as SimulatorSettings
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, DidNotStart, PlatformProcess
from standalone.journey.race import open_race
from testkit.polling import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

NOTHING = {"DATABASE_URL": "", "BROKER_URL": "", "FONNTE_TOKEN": "", "SMTP_HOST": ""}


@pytest.fixture
async def platform(tmp_path: Path) -> PlatformProcess:
    return PlatformProcess(tmp_path / "data", environment=NOTHING)


async def test_it_comes_up_keeps_its_data_and_is_back_in_seconds(platform: PlatformProcess) -> None:
    async with platform:
        code, output = await platform.command("seed")
        assert code == 0, output
    assert platform.running.returncode == 0
    started = time.monotonic()
    async with platform, Site(platform.url) as site:
        assert time.monotonic() - started < 30
        events = (await site.call("GET", "/registration/v1/events")).json()["items"]
        assert [category["places_left"] for category in events[0]["categories"]] == [1000, 1000, 500]
        code, output = await platform.command("doctor", "--json")
        assert (code, json.loads(output)["ok"]) == (0, True)
        await _staff_can_be_added(platform, site)
        await _health_and_unknown_paths(site)
        await _the_race_has_a_page(site, events[0])
    assert platform.running.returncode == 0


async def _staff_can_be_added(platform: PlatformProcess, site: Site) -> None:
    arguments = ("staff", "add", "ani@example.com", "--name", "Ani", "--role", "viewer")
    code, output = await platform.command(*arguments)
    assert code == 0, output
    password = re.findall(r"password: (\S+)", output)[0]
    await StaffMember.login(site, "ani@example.com", password)
    code, output = await platform.command(*arguments)
    assert code == 1
    assert "Traceback" not in output
    code, output = await platform.command("staff", "list")
    assert OWNER_EMAIL in output
    code, output = await platform.command("dead-letters", "list")
    assert (code, output) == (0, "")
    code, output = await platform.command("dead-letters", "replay", "payment", "7")
    assert code == 1, output


async def _the_race_has_a_page(site: Site, event: dict[str, Any]) -> None:
    front, page = await site.http.get("/"), await site.http.get(f"/en/races/{event['slug']}")
    assert f'href="/races/{event["slug"]}"' in front.text
    assert (page.status_code, event["name"] in page.text) == (200, True)
    unknown = await site.http.get("/races/unknown")
    assert (unknown.status_code, unknown.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


async def _health_and_unknown_paths(site: Site) -> None:
    ready = await site.http.get("/health/ready")
    assert ready.json()["ready"] is ready.json()["web"] is True
    assert (await site.http.get("/health/live")).status_code == httpx.codes.OK
    assert (await site.http.get("/health/late")).json()["late"] is False
    for closed in ("/metrics", "/api/unknown/v1/x", "/api/registrationx/v1/events"):
        answer = await site.http.get(closed)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), closed


async def test_the_made_up_owner_password_is_printed_once(tmp_path: Path) -> None:
    platform = PlatformProcess(tmp_path / "data", environment={**NOTHING, "STARTLINE_OWNER_PASSWORD": ""})
    async with platform, Site(platform.url) as site:
        [password] = re.findall(r"password: (\S+)", platform.output())
        await StaffMember.login(site, OWNER_EMAIL, password)
    async with platform:
        assert platform.output().count(password) == 1
    secret = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


async def test_a_second_platform_on_the_same_folder_is_refused(platform: PlatformProcess, tmp_path: Path) -> None:
    async with platform:
        second = PlatformProcess(tmp_path / "data", environment=NOTHING, log=tmp_path / "second.log")
        with pytest.raises(DidNotStart):
            await second.start()
        assert "Traceback" not in second.output()


async def test_a_killed_platform_starts_again_on_its_own_data(platform: PlatformProcess) -> None:
    await platform.start()
    code, output = await platform.command("seed")
    assert code == 0, output
    await platform.kill()
    async with platform, Site(platform.url) as site:
        assert len((await site.call("GET", "/registration/v1/events")).json()["items"]) == 1


async def test_with_a_provider_configured_there_are_no_simulators(tmp_path: Path) -> None:
    environment = {**NOTHING, "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9", "EMAIL_FROM_ADDRESS": "race@example.com"}
    platform = PlatformProcess(tmp_path / "data", environment=environment)
    async with platform, Site(platform.url) as site:
        assert (await site.http.get("/simulators/mail")).status_code == httpx.codes.NOT_FOUND


async def test_a_gateway_outside_of_the_platform_is_reached(tmp_path: Path) -> None:
    """As Midtrans is: not everything that a service calls is a part of the platform."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/api"
    account = MidtransAccount(SimulatorSettings())
    outside = BackgroundServer(build_midtrans(account), host="127.0.0.1", port=port, grace_seconds=1)
    await outside.start()
    environment = {**NOTHING, "MIDTRANS_BASE_URL": address}
    async with PlatformProcess(tmp_path / "data", environment=environment) as platform, Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        key = {"server_key": account.server_key, "offers": ["qris"]}
        await owner.call("PUT", "/payment/v1/settings/midtrans", json=key)
        [category_id] = await open_race(owner, [1])
        buyer = await Buyer.of(site, Crowd().form(category_id)).register()
        await eventually(buyer.has_invoice, within=20)
        path = f"/payment/v1/invoices/{buyer.entry['registration_id']}/charges"
        charge = await site.call("POST", path, token=buyer.token, json={"method": "midtrans_qris"}, expect=201)
        assert [order.order_id for order in account.orders()] == [charge.json()["order_id"]]
    await account.stop()
    await outside.stop()


async def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    platform = PlatformProcess(tmp_path / "data", environment={**NOTHING, "STARTLINE_PORT": "many"})
    with pytest.raises(DidNotStart):
        await platform.start()
    assert "STARTLINE_PORT" in platform.output()
    assert "Traceback" not in platform.output()
