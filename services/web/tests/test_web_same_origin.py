"""Forms from other sites are refused."""

from collections.abc import Mapping

import httpx
import pytest

from .own_app import SITE

OWN = "https://lari.example"
OTHER = "https://attacker.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": OTHER},
        {"Origin": "null"},
        {"Origin": "https://["},
        {"Origin": f"{OWN}@attacker.example"},
    ],
)
async def test_a_form_of_another_site_is_refused(headers: Mapping[str, str], site: httpx.AsyncClient) -> None:
    answer = await site.post("/r/X/anything", headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": SITE},
        {"Origin": "http://web.test"},
        {},
    ],
)
async def test_our_own_forms_are_not(headers: Mapping[str, str], site: httpx.AsyncClient) -> None:
    answer = await site.post("/nothing-here", headers=headers)
    assert answer.status_code == 404


async def test_other_sites_may_link_to_us(site: httpx.AsyncClient) -> None:
    answer = await site.get("/parts-of-nothing", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/", "/en/recover", "/r/FR5K-00001", "/nowhere"])
async def test_a_page_lets_its_forms_name_their_origin_and_no_other_site_learn_its_address(
    path: str, site: httpx.AsyncClient
) -> None:
    """With `no-referrer` a form brings `Origin: null`, which is all that a browser without `Sec-Fetch-Site` says."""
    assert (await site.get(path)).headers["Referrer-Policy"] == "same-origin"
