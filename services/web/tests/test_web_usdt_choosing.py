"""Choosing to pay in USDT: first the way, then the network, and what went wrong is said at it."""

import json
from typing import Any

import httpx
import pytest

from .markup import Element, parsed
from .runner_apis import BY_GATEWAY, BY_PROOF, CHARGE, COOKIE, ID, PAGE, charge, problem, token
from .usdt_apis import MINIMUM, UsdtApis, in_usdt, minutes, network

WAY = f"{PAGE}/pay/usdt"


@pytest.fixture
def registration() -> UsdtApis:
    return UsdtApis(offers=[*BY_PROOF, *BY_GATEWAY])


async def shown(site: httpx.AsyncClient, path: str = WAY) -> Element:
    """Return the main part of the page, which has to be there."""
    answer = await site.get(path, headers=COOKIE)
    assert answer.status_code == 200, answer.text
    return parsed(answer.text).one("main")


async def choose(site: httpx.AsyncClient, path: str = WAY, **fields: str) -> httpx.Response:
    """Press the button of a network as a browser does without a script."""
    return await site.post(path, data=fields, headers=COOKIE)


def changes(registration: UsdtApis) -> list[tuple[str, Any]]:
    """Return what payment was asked to do, in order: the end of the path, and what was sent."""
    posts = [each for each in registration.requests if each.method == "POST"]
    return [(each.url.path.rpartition("/v1/")[2], json.loads(each.content or "null")) for each in posts]


def ways_on(page: Element) -> list[str]:
    """Return the words of the addresses of the ways that are offered, in the order of the page."""
    return [way.removeprefix("way-") for each in page.all("li") if (way := each.get("id") or "").startswith("way-")]


def networks_on(page: Element) -> dict[str, bool]:
    """Return the networks on the page, and whether they can be chosen."""
    found = [each for each in page.all("li") if (each.get("id") or "").startswith("network-")]
    return {each.attributes["id"].removeprefix("network-"): bool(each.all("button")) for each in found}


async def test_usdt_stands_among_the_ways_that_need_no_people(site: httpx.AsyncClient) -> None:
    page = await shown(site, PAGE)
    assert [each for each in ways_on(page) if "va-" not in each] == ["midtrans_qris", "usdt", "bank_transfer", "qris"]
    card = page.one("li", id="way-usdt")
    assert (card.one("a").get("href"), card.all("form")) == (WAY, [])
    assert "Dolar digital" in card.text
    groups = [each.text for each in page.all("h3")]
    assert groups == ["Terkonfirmasi otomatis dalam hitungan menit", "Diperiksa oleh panitia"]


@pytest.mark.parametrize(
    "networks",
    [
        [],
        [network("bsc", "not_offered"), network("polygon", "no_rate"), network("arbitrum", "trouble")],
        [network("ethereum", minimum_order=MINIMUM)],
    ],
    ids=["none", "none possible", "none for so small an amount"],
)
async def test_without_a_network_for_the_invoice_usdt_is_not_offered(
    site: httpx.AsyncClient, registration: UsdtApis, networks: list[dict[str, Any]]
) -> None:
    registration.networks = networks
    assert "usdt" not in ways_on(await shown(site, PAGE))
    assert "usdt" not in ways_on(await shown(site)), "its address leads to the choice"
    assert networks_on(await shown(site)) == {}


async def test_where_only_usdt_is_offered_no_proof_is_asked_for(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.offers = []
    page = await shown(site, PAGE)
    assert ways_on(page) == ["usdt"]
    assert page.all("form") == []
    assert registration.sent("/instructions") == []


async def test_the_network_is_chosen_first_in_plain_words(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    registration.networks.append(network("base", "trouble"))
    page = await shown(site)
    assert networks_on(page) == {"ethereum": False, "polygon": True, "bsc": True, "base": False}
    names = [each.all("b")[0].text for each in page.all("span") if each.get("class") == "way-words network"]
    assert names == ["Ethereum", "Polygon", "BNB Smart Chain", "Base"]
    assert "Bukan Tron (TRC20)" in page.text
    small = page.one("li", id="network-ethereum").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Mulai Rp 1.500.000" in small
    assert "Sedang tidak dapat dipakai" in page.one("li", id="network-base").text
    form = page.one("li", id="network-bsc").one("form")
    assert (form.get("method"), form.get("action")) == ("post", WAY)
    assert form.one("button").attributes.items() >= {"name": "network", "value": "bsc"}.items()
    assert registration.sent("/instructions") == []


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_a_network_is_asked_for_and_its_address_shown(
    site: httpx.AsyncClient, registration: UsdtApis, prefix: str
) -> None:
    answer = await choose(site, prefix + WAY, network="polygon")
    assert (answer.status_code, answer.headers["location"]) == (303, prefix + WAY)
    assert changes(registration) == [(f"invoices/{ID}/usdt", {"network": "polygon"})]
    assert all(each.headers["authorization"] == f"Bearer {token()}" for each in registration.sent("/invoices/"))
    assert (await shown(site)).one("p", class_="network").text.startswith("Lewat jaringan Polygon")


async def test_another_network_is_one_step_away(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    registration.usdt = in_usdt()
    page = await shown(site)
    assert networks_on(page.one("details", id="other-network")) == {"ethereum": False, "polygon": True}
    await choose(site, network="polygon")
    assert (await shown(site)).one("p", class_="network").text.startswith("Lewat jaringan Polygon")


@pytest.mark.parametrize("sent", [{}, {"network": ""}, {"network": "../x"}, {"network": "x" * 21}])
async def test_without_a_network_nothing_is_asked_for_and_no_charge_given_up(
    site: httpx.AsyncClient, registration: UsdtApis, sent: dict[str, str]
) -> None:
    answer = await choose(site, **sent, replace=CHARGE)
    assert (answer.status_code, answer.headers["location"]) == (303, WAY)
    assert changes(registration) == []


async def test_an_open_charge_is_named_and_given_up_with_the_choice_of_a_network(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    # given an open charge
    registration.charges = [charge("bni")]

    # then the choice of a network says what becomes of it
    page = await shown(site)
    assert "Virtual account BNI masih terbuka" in page.text
    given_up = page.one("li", id="network-bsc").one("input").attributes
    assert given_up["value"] == CHARGE

    # and cancels it, whether the gateway answers or not
    registration.refusals["/cancel"] = problem(503, "gateway_unavailable")
    answer = await choose(site, network="bsc", **{given_up["name"]: given_up["value"]})
    assert answer.status_code == 303
    assert [each for each, _ in changes(registration)] == [f"charges/{CHARGE}/cancel", f"invoices/{ID}/usdt"]
    assert "Bayar salah satu saja" in (await shown(site)).text


async def test_a_new_amount_cancels_no_charge_but_another_network_says_that_it_does(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    # given an open charge, and an amount in USDT whose time is over
    registration.charges = [charge("bni")]
    registration.usdt = in_usdt(locked_until=minutes(-0.1))
    page = await shown(site)
    renewing = [each for each in page.all("form") if any(b.get("value") == "bsc" for b in each.all("button"))]

    # then its new amount leaves the charge as it is, as the page says
    assert "Bayar salah satu saja" in page.text
    assert [each.all("input") for each in renewing] == [[]]
    await choose(site, network="bsc")
    assert [each for each, _ in changes(registration)] == [f"invoices/{ID}/usdt"]

    # and another network cancels it, which stands beside it
    others = page.one("details", id="other-network")
    assert "yang ini dibatalkan" in others.text
    assert others.one("li", id="network-polygon").one("input").get("value") == CHARGE


_OF_THE_WAY: list[tuple[Any, int, str]] = [
    (problem(503, "rate_unavailable"), 503, "kurs USDT belum tersedia"),
    (problem(503, "usdt_not_ready"), 503, "USDT sedang tidak dapat diterima"),
    (problem(404, "no_usdt_quote"), 404, "belum dapat disiapkan"),
    (problem(409, "of_a_newer_release"), 409, "Kata API: of_a_newer_release"),
    (problem(422, "invalid_fields"), 422, "Kata API: invalid_fields"),
    (httpx.ReadTimeout("slow"), 503, "sedang tidak menjawab"),
    (httpx.Response(502), 503, "sedang tidak menjawab"),
]


@pytest.mark.parametrize(("failure", "status", "says"), _OF_THE_WAY)
async def test_what_went_wrong_is_said_at_the_way_and_the_others_stay(
    site: httpx.AsyncClient, registration: UsdtApis, failure: Any, status: int, says: str
) -> None:
    registration.refusals[f"{ID}/usdt"] = failure
    answer = await choose(site, network="polygon")
    assert answer.status_code == status
    page = parsed(answer.text)
    assert says in page.one("li", id="way-usdt").text
    [summary] = [each for each in page.all("p") if "data-errors" in each.attributes]
    assert summary.one("a").get("href") == "#way-usdt"
    assert page.one("li", id="way-bank_transfer").all("button")


_OF_THE_NETWORK: list[tuple[str, httpx.Response, str]] = [
    ("polygon", problem(409, "network_not_offered"), "tidak lagi menawarkan jaringan ini"),
    ("ethereum", problem(409, "below_minimum", minimum_order=MINIMUM), "dapat dipakai mulai Rp 1.500.000"),
]


@pytest.mark.parametrize("asked", [None, in_usdt()], ids=["first", "instead of another"])
@pytest.mark.parametrize(("chosen", "failure", "says"), _OF_THE_NETWORK)
async def test_a_network_that_is_refused_says_so_beside_the_others(
    site: httpx.AsyncClient,
    registration: UsdtApis,
    chosen: str,
    failure: httpx.Response,
    says: str,
    asked: dict[str, Any] | None,
) -> None:
    registration.usdt = asked
    registration.refusals[f"{ID}/usdt"] = failure
    answer = await choose(site, network=chosen)
    assert answer.status_code == 409
    page = parsed(answer.text)
    assert says in page.one("li", id=f"network-{chosen}").text.replace("\N{NO-BREAK SPACE}", " ")
    [summary] = [each for each in page.all("p") if "data-errors" in each.attributes]
    assert summary.one("a").get("href") == f"#network-{chosen}"
    around = [each for each in page.one("li", id=f"network-{chosen}").within() if each.tag == "details"]
    assert all("open" in each.attributes for each in around)


async def test_a_network_that_is_gone_from_the_page_is_said_at_its_top(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.refusals[f"{ID}/usdt"] = problem(409, "network_not_offered")
    page = parsed((await choose(site, network="arbitrum")).text)
    [summary] = [each for each in page.all("p") if "data-errors" in each.attributes]
    assert "tidak lagi menawarkan jaringan ini" in summary.text
    assert summary.all("a") == []


@pytest.mark.parametrize("code", ["already_paid", "proof_pending", "invoice_expired", "invoice_cancelled"])
async def test_when_nothing_is_to_be_paid_any_more_the_status_says_it(
    site: httpx.AsyncClient, registration: UsdtApis, code: str
) -> None:
    registration.refusals[f"{ID}/usdt"] = problem(409, code)
    answer = await choose(site, f"/en{WAY}", network="bsc")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/en{PAGE}")


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_token"), (429, "too_many_requests")])
async def test_refusals_of_the_visitor_have_their_own_pages(
    site: httpx.AsyncClient, registration: UsdtApis, status: int, code: str
) -> None:
    registration.refusals[f"{ID}/usdt"] = problem(status, code)
    answer = await choose(site, network="bsc")
    assert answer.status_code == status
    assert "way-usdt" not in answer.text


async def test_nothing_is_asked_for_a_registration_of_somebody_else(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    assert (await choose(site, "/r/FR5K-00043/pay/usdt", network="bsc")).status_code == 403
    assert changes(registration) == []


async def test_there_is_no_picture_of_a_charge_for_usdt(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    registration.usdt = in_usdt()
    assert (await site.get(f"{WAY}/qris.png", headers=COOKIE)).status_code == 404
