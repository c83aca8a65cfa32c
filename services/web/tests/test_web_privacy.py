"""The page about personal data says what the services do."""

from datetime import timedelta

import pytest
from chassis.images import sweep
from notification.queue import reports
from notification.queue.rules import KEEP_LINK_MESSAGES
from registration.access import commands as access
from registration.idempotency import commands as idempotency
from web import access as cookie

from .markup import Element, parsed
from .walk import ANSWERS, answering, app_on, browser


@pytest.fixture
async def page() -> Element:
    async with browser(app_on(answering(ANSWERS))) as client:
        return parsed((await client.get("/en/privacy")).text)


def test_times_are_those_of_the_services(page: Element) -> None:
    kept = {each.all("dt")[0].text: each.all("dd")[0].text for each in page.all("div") if each.all("dt")}
    assert timedelta(days=1) == access._A_DAY
    assert timedelta(days=30) == KEEP_LINK_MESSAGES
    assert "for a day" in kept["A contact that you typed to find your registration"]
    assert "30 days" in kept["A contact that you typed to find your registration"]
    assert timedelta(hours=24) == idempotency._KEYS_KEPT
    assert "24 hours" in kept["The answer to a form that you sent"]
    assert timedelta(days=30) == reports._KEEP_REPORTS
    assert kept["Reports that a message arrived"] == "30 days"
    assert timedelta(days=31) == sweep._QUARANTINE + sweep._KEEP_TRASH
    assert kept["Pictures that belong to no registration"] == "about 31 days"
    assert timedelta(days=400) == cookie._KEPT_FOR
    assert "for 400 days" in page.text


def test_pauses_between_messages_are_those_of_the_service() -> None:
    assert timedelta(minutes=2) == access._PAUSE
    assert access._MOST_A_DAY == 6
