"""Networks in the console: how their chains are read, and settings whose endpoints show no more than their host."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.usdt.models import Chain, Network, Offer
from web.console.usdt.networks import Row

from .conftest import NOW
from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_console_usdt_answers import (
    ANSWERS,
    CHAINS,
    CONTRACT,
    OFFERS,
    RESUME,
    SAVE,
    SETTINGS,
    chain,
    endpoint,
    listed,
    network,
    new_network,
    offer,
    unread_chain,
)
from .walk_money_answers import at

PAGE = "/usdt/networks"
ONE = f"{PAGE}/bsc"
URL = "https://node3.example/a-key"
FORM = {
    "enabled": "yes",
    "confirmations": "15",
    "minimum_order": "0",
    "contract": CONTRACT,
    "others": "yes",
    "host_1": "node1.example",
    "range_1": "1000",
    "host_2": "node2.example",
    "range_2": "2000",
}


def _state(settings: dict[str, Any], read: dict[str, Any] | None) -> str:
    found = None if read is None else Chain.model_validate(read)
    return Row(Network.model_validate(settings), Offer.model_validate(offer()), found).state(NOW)


@pytest.mark.parametrize(
    ("settings", "read", "expected"),
    [
        (network(), chain(), "works"),
        (network(), chain(scanned_time=at(-0.05)), "works"),
        (network(), chain(scanned_time=(NOW - timedelta(minutes=5, seconds=1)).isoformat()), "late"),
        (network(), chain(trouble="endpoint_down", trouble_since=at(-1)), "trouble"),
        (network(), chain(trouble="too_deep", trouble_since=at(-1), stopped=True), "stopped"),
        (network(), unread_chain(), "not_read"),
        (network(), None, "not_read"),
        (network(enabled=False), chain(trouble="endpoint_down", trouble_since=at(-1)), "off"),
        (new_network(), None, "new"),
    ],
    ids=["works", "three minutes", "late", "trouble", "stopped", "not read", "no chain", "off", "new"],
)
def test_a_network_is_as_its_chain_is_read(
    settings: dict[str, Any], read: dict[str, Any] | None, expected: str
) -> None:
    assert _state(settings, read) == expected


async def test_the_list_shows_health_endpoints_and_why_runners_cannot_choose() -> None:
    answers = {OFFERS: listed(offer("bsc", "no_rate")), CHAINS: listed(chain(head_time=at(-0.01)))}
    async with desk(answers, role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    [bsc, ethereum] = [each.text for each in page.all("li") if "card" in (each.get("class") or "")]
    assert "There is no rate that can be used." in bsc
    assert "Age of the newest block 36 seconds" in bsc
    assert "Endpoints 2" in bsc
    assert "Not set up" in ethereum


async def test_a_trouble_is_said_in_words_with_its_beginning() -> None:
    wrong = chain(trouble="endpoint_refused", trouble_since=at(-1))
    async with desk({CHAINS: listed(wrong)}, role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    assert "The endpoint refuses requests. Look whether its key is right. Since 4 Jan 2027, 09:00 WIB." in page.text


async def test_a_network_that_has_stopped_is_read_again_when_asked_for() -> None:
    stopped = {CHAINS: listed(chain(stopped=True, trouble="too_deep", trouble_since=at(-1)))}
    async with desk(stopped, role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        sent = await staff.send(f"{ONE}/resume", {})
        assert len(staff.asked(*RESUME)) == 1
        unknown = await staff.send(f"{PAGE}/7b1/resume", {})
    assert page.one("form", action=f"/en/console{ONE}/resume").get("method") == "post"
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=resumed"
    assert unknown.status_code == 404


async def test_a_network_that_works_has_no_such_button() -> None:
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    assert "Read it again" not in page.text


async def test_of_a_stored_endpoint_only_the_host_is_shown() -> None:
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
    legends = [each.text for each in page.all("legend")]
    assert legends[1:] == ["1 . node1.example", "2 . node2.example", "New endpoint 3"]
    urls = [each for each in page.all("input") if (each.get("name") or "").startswith("url_")]
    assert [(each.get("name"), each.get("value")) for each in urls] == [
        ("url_1_secret", ""),
        ("url_2_secret", ""),
        ("url_3_secret", ""),
    ]
    assert page.one("input", name="range_2").get("value") == "2000"


async def _saved(**form: str) -> dict[str, Any]:
    """Return what payment is sent."""
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {**FORM, **form})
        assert sent.headers["Location"] == f"/en/console{ONE}?done=saved"
        found: dict[str, Any] = staff.body(*SAVE)
        return found


_FIRST = {"number": 1, "log_range": 1000}
_SECOND = {"number": 2, "log_range": 2000}


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ({}, {}),
        ({"confirmations": "20"}, {"confirmations": 20}),
        ({"confirmations": ""}, {"confirmations": None}),
        ({"minimum_order": "Rp 500.000"}, {"minimum_order": "500000"}),
        ({"contract": "0x1"}, {"token_contract": "0x1"}),
        ({"range_2": "50"}, {"endpoints": [_FIRST, {"number": 2, "log_range": 50}]}),
        ({"drop_1": "yes"}, {"endpoints": [_SECOND]}),
        ({"url_1_secret": URL}, {"endpoints": [{"url": URL, "log_range": 1000}, _SECOND]}),
        (
            {"url_3_secret": URL, "range_3": "2.000"},
            {"endpoints": [_FIRST, _SECOND, {"url": URL, "log_range": 2000}]},
        ),
    ],
)
async def test_only_what_was_changed_is_sent(form: dict[str, str], sent: dict[str, Any]) -> None:
    assert await _saved(**form) == {"enabled": True, **sent}


async def test_a_network_that_is_off_is_sent_so() -> None:
    form = {name: value for name, value in FORM.items() if name not in ("enabled", "others")}
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        await staff.send(ONE, form)
        assert staff.body(*SAVE) == {"enabled": False, "all_tokens": False}


async def test_the_first_endpoints_of_a_network_are_sent() -> None:
    form = {**{name: FORM[name] for name in ("enabled", "confirmations", "contract", "others")}, "minimum_order": "0"}
    urls = {"url_1_secret": URL, "range_1": "10"}
    async with desk({SETTINGS: listed(new_network())}, role=Role.OWNER, usual=ANSWERS) as staff:
        await staff.send(ONE, {**form, **urls})
        body = staff.body(*SAVE)
    assert body == {"enabled": True, "minimum_order": "0", "endpoints": [{"url": URL, "log_range": 10}]}


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ("down", "url_2_secret"),
        ("private", "url_2_secret"),
        ("wrong_chain", "url_2_secret"),
        ("log_range", "range_2"),
        ("no_finalized", "confirmations"),
        ("not_a_token", "contract"),
        ("no_logs", "others"),
    ],
)
async def test_a_refusal_names_the_endpoint_at_the_field_that_it_is_about(fault: str, field: str) -> None:
    refused = problem(422, "endpoint_unusable", detail="Endpoint 2: it fails.", endpoint=2, fault=fault)
    async with desk({SAVE: refused}, role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {**FORM, "url_2_secret": URL})
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert "Endpoint 2: it fails." in page.one("p", id=f"{field}-error").text
    assert URL not in sent.text
    assert "enter them once more" in page.text


async def test_the_endpoint_of_a_refusal_is_counted_without_those_that_were_removed() -> None:
    refused = problem(422, "endpoint_unusable", detail="Endpoint 1: it fails.", endpoint=1, fault="down")
    async with desk({SAVE: refused}, role=Role.OWNER, usual=ANSWERS) as staff:
        page = parsed((await staff.send(ONE, {**FORM, "drop_1": "yes"})).text)
    assert "it fails" in page.one("p", id="url_2_secret-error").text


async def test_wrong_fields_are_refused_before_payment_is_asked() -> None:
    form = {**FORM, "confirmations": "few", "minimum_order": "much", "range_1": "", "range_2": "many"}
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, form)
        assert staff.asked(*SAVE) == []
    page = parsed(sent.text)
    assert sent.status_code == 422
    for name in ("confirmations", "minimum_order", "range_1", "range_2"):
        assert page.one("input", name=name).get("aria-invalid") == "true"
    assert page.one("input", name="confirmations").get("value") == "few"


async def test_endpoints_that_a_colleague_changed_meanwhile_are_not_replaced_unasked() -> None:
    # given a form that was opened before a colleague removed an endpoint
    async with desk(role=Role.OWNER, usual=ANSWERS) as staff:
        base = parsed((await staff.see(ONE)).text).one("input", name="base").attributes["value"]
    changed = {SETTINGS: listed(network("bsc", endpoint()))}

    # when another endpoint was added in it, the form asks
    async with desk(changed, role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {**FORM, "base": base, "url_3_secret": URL, "range_3": "10"})
        assert staff.asked(*SAVE) == []
    assert sent.status_code == 409
    assert "It is now: node1.example 1000." in parsed(sent.text).one("p", id="endpoints-error").text

    # and when only something else was typed, the endpoints stay as they are now
    async with desk(changed, role=Role.OWNER, usual=ANSWERS) as staff:
        await staff.send(ONE, {**FORM, "base": base, "confirmations": "20"})
        assert staff.body(*SAVE) == {"enabled": True, "confirmations": 20}


async def test_without_an_answer_the_page_says_so_and_shows_no_address() -> None:
    async with desk({SAVE: httpx.Response(502)}, role=Role.OWNER, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {**FORM, "url_3_secret": URL, "range_3": "10"})
    assert sent.status_code == 503
    assert URL not in sent.text


@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_only_the_owner_gets_in(role: Role) -> None:
    async with desk(role=role, usual=ANSWERS) as staff:
        for path in (PAGE, ONE):
            assert (await staff.see(path)).status_code == 403
        for path in (ONE, f"{ONE}/resume"):
            assert (await staff.send(path, FORM)).status_code == 403
        assert staff.requests == []
