"""What runners get by e-mail, on a phone."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from playwright.async_api import expect
from standalone.journey.checks import eventually
from standalone.journey.client import Site

from .conftest import Arrive
from .devices import DESKTOP, PHONE
from .hall import Hall, Ticket
from .looks import too_wide

pytestmark = pytest.mark.soak


async def test_all_messages_up_to_the_ticket_fit_a_phone(site: Site, hall: Hall, arrive: Arrive) -> None:
    # given a runner whose payment was verified
    [ticket] = await hall.tickets()

    async def has_the_ticket() -> bool:
        return any(each["attachments"] for each in await _mails_to(ticket, site))

    await eventually(has_the_ticket, "the e-mail with the ticket")

    # when the messages are opened
    page = await arrive(PHONE)
    mails = await _mails_to(ticket, site)
    for mail in mails:
        await page.goto(f"/simulators/mail/{mail['id']}/html")
        await expect(page.locator("body")).to_contain_text(ticket.full_name)

        # then nothing has to be scrolled sideways, long links neither
        for device in (PHONE, DESKTOP):
            await page.set_viewport_size({"width": device.width, "height": device.height})
            assert await too_wide(page) == []
    assert len(mails) >= 3


async def _mails_to(ticket: Ticket, site: Site) -> Sequence[Mapping[str, Any]]:
    return [each for each in await site.mails() if ticket.full_name in each["text"]]
