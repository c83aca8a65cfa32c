"""Rights that were taken away are gone in every service, whatever carries the events."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from standalone.journey.client import Site, StaffMember
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from testkit.polling import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

Start = Callable[..., Awaitable[PlatformProcess]]

PASSWORD = "perahu kertas 3 layar"
FOR_ADMINS = (
    "/registration/v1/dead-letters",
    "/payment/v1/dead-letters",
    "/notification/v1/dead-letters",
    "/checkin/v1/stations",
    "/identity/v1/dead-letters",
)
BANK = {"bank_name": "MINE", "account_number": "666000111222"}


async def _hire(owner: StaffMember) -> tuple[str, StaffMember]:
    """An administrator's id, and the administrator, logged in."""
    email = f"{uuid4().hex[:8]}@staff.example.com"
    body = {"name": "Sari", "email": email, "role": "admin", "password": PASSWORD}
    member = await owner.call("POST", "/identity/v1/staff", json=body, expect=201)
    return member["id"], await StaffMember.login(owner.site, email, PASSWORD)


async def _answers(staff: StaffMember) -> list[int | str]:
    """How each service answers: 200, or the problem's code."""
    found = [await staff.site.call("GET", path, token=staff.token, expect=(200, 401)) for path in FOR_ADMINS]
    return [each.status_code if each.status_code == 200 else each.json()["code"] for each in found]


async def _rights_end_everywhere(platform: PlatformProcess) -> None:
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        demoted_id, demoted = await _hire(owner)
        disabled_id, disabled = await _hire(owner)
        _, gone = await _hire(owner)
        for each in (demoted, disabled, gone):  # negative control, and every copy in memory is warm
            assert await _answers(each) == [200] * len(FOR_ADMINS)
        # when
        await owner.call("PATCH", f"/identity/v1/staff/{demoted_id}", json={"role": "viewer"})
        # then
        assert await _answers(demoted) == ["session_ended"] * len(FOR_ADMINS)
        await site.call("PUT", "/payment/v1/settings", token=demoted.token, json=BANK, expect=401)
        # when
        await owner.call("PATCH", f"/identity/v1/staff/{disabled_id}", json={"is_active": False})
        # then
        assert await _answers(disabled) == ["session_ended"] * len(FOR_ADMINS)
        # when
        await gone.call("POST", "/identity/v1/logout", expect=204)

        async def refused() -> bool:
            return await _answers(gone) == ["session_ended"] * len(FOR_ADMINS)

        # then
        await eventually(refused, within=5)
        assert await _answers(owner) == [200] * len(FOR_ADMINS)
    # and: a restart forgets nothing
    await platform.stop()
    await platform.start()
    async with Site(platform.url) as site:
        for each in (demoted, disabled, gone):
            assert await _answers(replace(each, site=site)) == ["session_ended"] * len(FOR_ADMINS)


@pytest.mark.soak  # over a broker it takes the longer way
async def test_taken_away_rights_end_everywhere_in_one_process(start_platform: Start) -> None:
    await _rights_end_everywhere(await start_platform())


async def test_taken_away_rights_end_everywhere_over_a_broker(start_platform: Start, rabbitmq_url: str) -> None:
    await _rights_end_everywhere(await start_platform(rabbitmq_url))
