"""A browser without JavaScript fills in forms as one with a window does."""

from collections.abc import Mapping
from email import message_from_bytes, policy

import httpx
import pytest
from standalone.journey.browsers import PlainBrowser
from standalone.journey.fields import participant_fields
from standalone.journey.html import Page
from standalone.journey.people import Crowd

_FORM = """<title>Form</title><h1>Register</h1>
<a href="/other">Other</a> <a href="/races/run/register/5k/1?a=b">Alone</a>
<form action="/search"><input name="q"></form>
<form method="post" action="sent">
  <input type="hidden" name="key" value="k1"><input name="name" value="Budi"><input name="off" value="x" disabled>
  <label><input type="radio" name="size" value="m"> M</label> <input type="radio" name="size" value="l" checked>
  <input type="checkbox" name="copy" value="yes"><textarea name="note">a &amp; b</textarea>
  <select name="method"><option value="qris">QRIS</option><option value="bank" selected>Bank</option></select>
  <input type="file" name="file"><script>var secret</script><button>Send</button>
</form>"""


class _Site:
    """Shows the form and remembers what was sent."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "POST":
            return httpx.Response(303, headers={"Location": "/r/FR5K-00001", "Set-Cookie": "runner=1; Path=/r"})
        if request.url.path == "/down":
            return httpx.Response(503, html="later")
        return httpx.Response(200, html=_FORM)


@pytest.fixture
def site() -> _Site:
    return _Site()


@pytest.fixture
def browser(site: _Site) -> PlainBrowser:
    return PlainBrowser(httpx.AsyncClient(transport=httpx.MockTransport(site), base_url="http://race.example"))


def _sent(request: httpx.Request) -> Mapping[str, str]:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.read(), policy=policy.HTTP).iter_parts()
    return {str(part.get_param("name", header="content-disposition")): part.get_content() for part in parts}


async def test_it_sends_what_was_filled_in_and_what_stood_there(browser: PlainBrowser, site: _Site) -> None:
    await browser.open("/races/run/register/5k/1")
    await browser.send({"name": "Siti", "size": "m"})

    posted, shown = site.requests[1:]
    assert posted.url.path == "/races/run/register/5k/sent"
    assert dict(httpx.QueryParams(posted.content.decode())) == {
        "key": "k1",
        "name": "Siti",
        "size": "m",
        "note": "a & b",
        "method": "bank",
    }
    assert posted.headers["Sec-Fetch-Site"] == "same-origin"
    assert (browser.path, shown.headers["Cookie"]) == ("/r/FR5K-00001", "runner=1")


async def test_it_sends_files(browser: PlainBrowser, site: _Site) -> None:
    await browser.open("/form")
    await browser.send({"method": "qris"}, {"file": ("proof.jpg", b"picture", "image/jpeg")})
    assert _sent(site.requests[1]) == {
        "key": "k1",
        "name": "Budi",
        "size": "l",
        "note": "a & b",
        "method": "qris",
        "file": b"picture",
    }


async def test_it_follows_links_by_the_end_of_their_path(browser: PlainBrowser, site: _Site) -> None:
    await browser.open("/")
    await browser.follow("/register/5k/1")
    assert site.requests[1].url == "http://race.example/races/run/register/5k/1?a=b"
    with pytest.raises(AssertionError, match="no link to …/register/10k/1"):
        await browser.follow("/register/10k/1")


@pytest.mark.parametrize("fields", [{"size": "xxl"}, {"method": "cash"}, {"off": "y"}, {"missing": "x"}])
async def test_what_the_form_does_not_offer_cannot_be_sent(browser: PlainBrowser, fields: dict[str, str]) -> None:
    await browser.open("/form")
    with pytest.raises(AssertionError, match="form"):
        await browser.send(fields)


async def test_a_page_that_fails_ends_the_journey(browser: PlainBrowser) -> None:
    with pytest.raises(AssertionError, match="GET /down: 503"):
        await browser.open("/down")


def test_scripts_and_titles_cannot_be_read() -> None:
    assert Page.of(_FORM).text == "Register Other Alone M QRIS Bank Send"


def test_a_person_types_their_day_of_birth_in_three_fields() -> None:
    person = {**Crowd().person(), "date_of_birth": "1994-08-07"}
    typed = participant_fields(3, person)
    assert [typed[f"p3-date_of_birth-{part}"] for part in ("day", "month", "year")] == ["7", "8", "1994"]
