"""Pages through the gateway: what it keeps of them, what it limits, and what it says itself while web is away."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest
from testkit.polling import eventually

from .conftest import OpenGateway
from .server import Gateway
from .upstreams import Service
from .wire import Answer, ask, request, unfinished

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FORM = "Content-Type: application/x-www-form-urlencoded"
KEPT = {"Cache-Control": "public, max-age=5, stale-while-revalidate=30"}
CODE = "kQ3_x9Zt-fR7aLw0YbN2vAaaaa"
LINK = f"/r/FR5K-00001/{CODE}"
REGISTER = "/races/lari/register/5k"
CROWD, RUNNER = "127.0.0.66", "127.0.0.67"


@pytest.fixture
def web() -> Service:
    return Service()


@pytest.fixture
async def before(web: Service, open_gateway: OpenGateway) -> AsyncIterator[Gateway]:
    """A gateway before a service that does as the test says."""
    async with web.serving() as upstream:
        yield await open_gateway(upstream)


async def _get(gateway: Gateway, path: str, *headers: str, source: str = RUNNER) -> Answer:
    return await ask(gateway.port, request("GET", path, *headers), source=source)


async def _statuses(gateway: Gateway, sent: bytes, times: int) -> list[int]:
    return [(await ask(gateway.port, sent, source=CROWD)).status for _ in range(times)]


class _Said(HTMLParser):
    """The texts and links of a page."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.language, self.heading, self.text = "", "", ""
        self.links: list[str | None] = []
        self._inside = ""
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._inside = tag
        self.language = values.get("lang") or self.language
        if "href" in values:
            self.links.append(values["href"])

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"
        if self._inside == "h1":
            self.heading = self.heading or data


async def test_pages_and_all_that_they_load_come_through_the_gateway(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as http:
        front, english = await http.get("/"), await http.get("/en/")
        unknown = await http.get("/en/races/unknown")
        loaded = [await http.get(path) for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', front.text)]

    assert ('<html lang="id">' in front.text, '<html lang="en">' in english.text) == (True, True)
    assert front.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert (unknown.status_code, unknown.headers["x-correlation-id"] in unknown.text) == (404, True)
    assert len(loaded) >= 2
    assert {each.status_code for each in loaded} == {200}


async def test_a_page_that_may_be_kept_is_asked_for_once_whoever_comes_with_whatever_cookie(
    web: Service, before: Gateway
) -> None:
    web.headers = KEPT

    first = await _get(before, "/races/lari")
    again = [await _get(before, "/races/lari", f"Cookie: runner={name}") for name in "abc"]

    assert [each.body for each in (first, *again)] == [b"first"] * 4
    assert web.asked == 1
    assert len({each.headers["x-correlation-id"] for each in (first, *again)}) == 4


async def test_a_crowd_that_comes_at_once_is_one_request(web: Service, before: Gateway) -> None:
    web.headers = KEPT

    answers = await asyncio.gather(*(_get(before, REGISTER) for _ in range(30)))

    assert {each.status for each in answers} == {200}
    assert web.asked == 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/races/lari", {**KEPT, "Set-Cookie": "runner=secret; Path=/r/FR5K-00001"}),
        ("/races/lari", {"Cache-Control": "no-store"}),
        ("/races/lari", {"Cache-Control": "private, max-age=60"}),
        ("/races/lari", {}),
        ("/r/FR5K-00001", KEPT),
        ("/en/r/FR5K-00001/tickets", KEPT),
        ("/t/0123456789abcdef0123456789abcdef", KEPT),
        (LINK, KEPT),
        ("/recover", KEPT),
    ],
)
async def test_nothing_of_one_visitor_is_kept(
    web: Service, before: Gateway, path: str, headers: dict[str, str]
) -> None:
    web.headers = headers
    await _get(before, path)
    web.body = b"of another visitor"

    second = await _get(before, path)

    assert (second.body, web.asked) == (b"of another visitor", 2)


async def test_a_search_is_another_page_than_the_list(web: Service, before: Gateway) -> None:
    web.headers = KEPT
    await _get(before, "/")
    web.body = b"found"

    assert [(await _get(before, path)).body for path in ("/?q=lari", "/", "/en/")] == [b"found", b"first", b"found"]


async def test_what_is_sent_is_never_answered_from_what_is_kept(web: Service, before: Gateway) -> None:
    web.headers = KEPT
    await _get(before, REGISTER)

    for _ in range(2):
        await ask(before.port, request("POST", REGISTER, FORM), source=RUNNER)

    assert web.asked == 3


async def test_while_web_is_away_the_last_copy_is_shown(open_gateway: OpenGateway, web: Service) -> None:
    web.headers = {"Cache-Control": "public, max-age=1"}
    async with web.serving() as upstream:
        gateway = await open_gateway(upstream)
        await _get(gateway, "/races/lari")
        web.status, web.body, web.headers = "503 Service Unavailable", b"registration is away", {}
        await asyncio.sleep(1.2)
        failing = await _get(gateway, "/races/lari")
    gone = await _get(gateway, "/races/lari")

    assert [(each.status, each.body) for each in (failing, gone)] == [(200, b"first")] * 2


@pytest.mark.parametrize("written", ["203.0.113.9", "203.0.113.9, 127.0.0.1", "::1"])
async def test_web_is_told_the_address_of_the_connection_and_none_that_is_written(
    web: Service, before: Gateway, written: str
) -> None:
    await _get(before, "/r/FR5K-00001", f"X-Forwarded-For: {written}", f"X-Real-IP: {written}", "X-Request-Age: 900")

    [head] = web.heads
    assert re.findall(r"(?im)^x-forwarded-for: (.*?)\r?$", head) == [RUNNER]
    assert float(re.findall(r"(?im)^x-request-age: (.*?)\r?$", head)[0]) < 5


async def test_the_apis_count_a_visitor_of_the_pages_by_their_own_address(gateway: Gateway) -> None:
    """Web passes the address on; a link is looked up at the API, which allows an address so many."""
    written = [f"X-Forwarded-For: 198.51.100.{number}" for number in range(40)]
    forged = [(await _get(gateway, f"/r/FR5K-{number}/short", each)).status for number, each in enumerate(written)]
    neighbour = await _get(gateway, "/r/FR5K-00001/short", source="127.0.0.68")

    assert (forged[0], forged[-1], neighbour.status) == (404, 429, 404)


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize(
    ("sent", "let_through"),
    [
        (("POST", REGISTER), 21),
        (("POST", "/races/lari/waitlist/5k"), 21),
        (("GET", LINK), 21),
        (("POST", "/recover"), 21),
        (("POST", "/r/FR5K-00001/proof"), 21),
    ],
)
async def test_what_costs_most_is_limited_for_each_address(
    web: Service, before: Gateway, language: str, sent: tuple[str, str], let_through: int
) -> None:
    method, path = sent
    wanted = (
        request(method, language + path, FORM, "Content-Length: 0")
        if method == "POST"
        else request("GET", language + path)
    )

    statuses = await _statuses(before, wanted, 40)
    other = await ask(before.port, wanted, source=RUNNER)

    assert statuses[:let_through] == [200] * let_through
    assert 429 in statuses[let_through:]
    assert other.status == 200


async def test_reading_forms_is_not_counted_as_sending_them(web: Service, before: Gateway) -> None:
    web.headers = KEPT
    assert set(await _statuses(before, request("GET", REGISTER), 60)) == {200}


async def test_pages_of_one_address_are_limited_and_files_that_they_load_are_not(
    web: Service, open_gateway: OpenGateway
) -> None:
    async with web.serving() as upstream:
        gateway = await open_gateway(
            upstream, settings={"RATE_PAGES_PER_MINUTE": "60"}, changes={"zone=pages burst=300": "zone=pages burst=5"}
        )
        pages = await _statuses(gateway, request("GET", "/races/lari"), 12)
        files = await _statuses(gateway, request("GET", "/static/0123456789.look.css"), 30)
        api = await _statuses(gateway, request("GET", "/api/registration/v1/events"), 30)
        neighbour = await _get(gateway, "/races/lari")

    assert (pages[:6], 429 in pages[6:]) == ([200] * 6, True)
    assert (set(files), set(api), neighbour.status) == ({200}, {200}, 200)


@pytest.mark.parametrize(
    ("path", "language", "heading"),
    [
        ("/", "id", "Kami segera kembali"),
        ("/races/lari", "id", "Kami segera kembali"),
        ("/en", "en", "We will be right back"),
        ("/en/races/lari", "en", "We will be right back"),
        ("/enak", "id", "Kami segera kembali"),
    ],
)
async def test_while_web_is_away_a_page_says_so_in_the_language_of_the_path(
    open_gateway: OpenGateway, web: Service, path: str, language: str, heading: str
) -> None:
    async with web.serving() as upstream:
        pass
    gateway = await open_gateway(upstream)

    answer = await _get(gateway, path, "Accept-Language: fr", "X-Correlation-ID: mine-1")

    said = _Said(answer)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (said.language, said.heading) == (language, heading)
    assert "mine-1" in said.text
    assert said.links == ["/gateway.css", ""]


@pytest.mark.parametrize(
    ("said", "passed_on"), [("same-origin", "same-origin"), ("unsafe-url", "no-referrer"), ("", "no-referrer")]
)
async def test_a_page_may_tell_its_own_site_where_a_form_was_and_no_other(
    web: Service, before: Gateway, said: str, passed_on: str
) -> None:
    web.headers = {"Referrer-Policy": said} if said else {}
    answer = await _get(before, REGISTER)
    assert answer.headers["referrer-policy"] == passed_on


async def test_an_api_that_is_away_still_answers_programs(open_gateway: OpenGateway, web: Service) -> None:
    async with web.serving() as upstream:
        pass
    gateway = await open_gateway(upstream)

    assert (await _get(gateway, "/api/registration/v1/events")).problem["code"] == "unavailable"


async def test_a_page_that_takes_too_long_and_one_that_breaks_off_are_told_apart(
    open_gateway: OpenGateway, web: Service
) -> None:
    async with web.serving() as upstream:
        gateway = await open_gateway(upstream, changes={"proxy_read_timeout 30s": "proxy_read_timeout 1s"})
        web.silent = True
        late = await ask(gateway.port, request("POST", f"/en{REGISTER}", FORM, body=b"a=b"))
        web.silent, web.breaks = False, True
        broken = await ask(gateway.port, request("POST", f"/en{REGISTER}", FORM, body=b"a=b"))

    assert (late.status, _Said(late).heading) == (504, "No answer yet")
    assert "repeating it is safe" in _Said(late).text
    assert (broken.status, _Said(broken).heading) == (503, "We will be right back")
    assert web.asked == 2, "a form is sent once"


@pytest.mark.parametrize(
    ("sent", "status", "heading"),
    [
        (unfinished("POST", "/r/FR5K-00001/proof", length=5_000_000), 413, "Berkas ini terlalu besar"),
        (unfinished("POST", "/console/races/1/pictures/logo", length=6_000_000), 413, "Berkas ini terlalu besar"),
        (unfinished("POST", f"/en{REGISTER}", length=70_000), 413, "This file is too large"),
        (request("TRACE", "/races/lari"), 405, "Permintaan ini tidak dapat dilayani"),
        (b"GET /en/\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "This request cannot be answered"),
    ],
)
async def test_what_the_gateway_refuses_of_a_page_is_said_on_a_page(
    before: Gateway, sent: bytes, status: int, heading: str
) -> None:
    answer = await ask(before.port, sent)

    assert (answer.status, _Said(answer).heading) == (status, heading)
    assert answer.headers["x-correlation-id"] in _Said(answer).text


async def test_a_refused_page_says_when_to_come_back_and_nothing_that_was_written(before: Gateway) -> None:
    sent = request("GET", f"{LINK}?x=<script>alert(1)</script>".replace("<", "%3C").replace(">", "%3E"))
    answers = [await ask(before.port, sent, source=CROWD) for _ in range(40)]
    refused = next(each for each in answers if each.status == 429)

    assert refused.headers["retry-after"] == "5"
    assert CODE not in refused.body.decode()
    assert "script" not in refused.body.decode()
    assert refused.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")


async def test_the_stylesheet_of_its_own_pages_comes_from_the_gateway(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway("127.0.0.1:9")
    answer = await _get(gateway, "/gateway.css")
    assert (answer.status, answer.headers["content-type"], answer.headers["cache-control"]) == (
        200,
        "text/css",
        "max-age=3600",
    )
    assert b".button" in answer.body


async def test_maintenance_closes_everything_at_once_and_opens_it_again(web: Service, before: Gateway) -> None:
    web.headers = KEPT
    await _get(before, "/races/lari")
    closed = before.folder / "startline" / "maintenance"

    closed.touch()
    page, english, api = [await _get(before, path) for path in ("/races/lari", "/en/", "/api/identity/v1/me")]
    live, style = await _get(before, "/health/live"), await _get(before, "/gateway.css")
    asked = web.asked
    closed.unlink()
    opened = await _get(before, "/races/lari")

    assert {each.status for each in (page, english, api)} == {503}
    assert {each.headers["retry-after"] for each in (page, english, api)} == {"120"}
    assert (_Said(page).heading, _Said(english).heading) == (
        "Kami sedang melakukan pemeliharaan",
        "We are doing maintenance",
    )
    assert api.problem["code"] == "unavailable"
    assert (live.status, style.status, opened.body, asked) == (200, 200, b"first", 1)


async def test_no_part_of_a_link_is_written_down_in_either_language(before: Gateway) -> None:
    for path in (LINK, f"/en{LINK}", f"/en{LINK}?x={CODE}", f"/en/../r/FR5K-00001/{CODE}"):
        await _get(before, path)

    await eventually(lambda: len(before.log()) >= 4)
    assert [line["path"] for line in before.log()] == ["/r/…", "/en/r/…", "/en/r/…", "/r/…"]
    assert CODE not in json.dumps(before.log()) + before.errors()
