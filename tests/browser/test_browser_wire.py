"""What pages weigh, and that they break no policy."""

import pytest

from .conftest import Arrive
from .own import OwnPages
from .races import OPEN
from .watch import Watch
from .wire import Wire, slow_down

RACE_PAGE_BYTES = 150_000
RACE_LIST_BYTES = 20_000
FORM_OF_TEN_BYTES = 20_000
STATUS_PAGE_BYTES = 30_000

_LONGEST_HEADERS = 2_000


@pytest.mark.parametrize(
    ("path", "budget"),
    [
        ("/", RACE_LIST_BYTES),
        (f"/races/{OPEN}/register/5k/10", FORM_OF_TEN_BYTES),
    ],
)
async def test_a_page_stays_within_its_budget(path: str, budget: int, arrive: Arrive) -> None:
    """Posters, which come as a list is scrolled, are not counted."""
    page = await arrive()
    wire = await Wire.of(page)

    await page.goto(path, wait_until="networkidle")

    assert len(wire.received) >= 3, wire.received
    posters = sum(received for address, received in wire.received.items() if "/banner/" in address)
    assert wire.total - posters <= budget, "\n".join(map(str, wire.received.most_common()))


async def test_the_page_of_a_race_stays_within_its_budget_with_the_poster_for_a_fine_screen(arrive: Arrive) -> None:
    page = await arrive()
    session = await page.context.new_cdp_session(page)
    screen = {"width": 360, "height": 740, "deviceScaleFactor": 3, "mobile": True}
    await session.send("Emulation.setDeviceMetricsOverride", screen)
    wire = await Wire.of(page)

    await page.goto(f"/races/{OPEN}", wait_until="networkidle")

    [poster] = [received for address, received in wire.received.items() if "/banner/1280.webp" in address]
    assert poster > 50_000, "hard to compress"
    assert wire.total <= RACE_PAGE_BYTES, wire.received.most_common()


async def test_the_page_of_a_registration_stays_within_its_budget(arrive: Arrive, own: OwnPages) -> None:
    opening, page = await arrive(), await arrive()
    opened = await opening.goto(own.links["waiting for payment"])
    assert opened is not None
    await page.context.add_cookies(await opening.context.cookies())  # type: ignore[arg-type]  # as they were read
    wire = await Wire.of(page)

    await page.goto(opened.url, wait_until="load")

    assert len(wire.received) >= 3, wire.received
    assert wire.total <= STATUS_PAGE_BYTES, wire.received.most_common()


async def test_the_counter_counts_what_is_sent_compressed_and_its_headers(arrive: Arrive) -> None:
    page = await arrive()
    wire = await Wire.of(page)
    await page.goto("/", wait_until="networkidle")
    [(stylesheet, received)] = [each for each in wire.received.items() if each[0].endswith(".look.css")]
    answer = await page.request.get(stylesheet, headers={"Accept-Encoding": "gzip, deflate, br"})
    sent = int(answer.headers["content-length"])
    assert sent < len(await answer.body())
    assert sent < received < sent + _LONGEST_HEADERS


async def test_the_race_page_can_be_read_on_a_slow_connection(arrive: Arrive) -> None:
    page = await arrive()
    await slow_down(page)
    await page.goto(f"/races/{OPEN}")
    assert await page.locator("h1").inner_text() == "Lari Malam Braga"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script>window.ran = true</script>", "Content Security Policy"),
        ("<p style='color: red'>Red</p>", "Content Security Policy"),
        ("<img src='http://127.0.0.2:9/x.png' alt=''>", "Content Security Policy"),
        ("<img src='/static/missing.png' alt=''>", "status 404"),
    ],
)
async def test_the_watch_would_notice(body: str, complaint: str, arrive: Arrive, watch: Watch) -> None:
    page = await arrive()
    answer = await page.goto("/")
    assert answer is not None
    policy = (await answer.all_headers())["content-security-policy"]
    headers = {"Content-Security-Policy": policy, "Content-Type": "text/html"}
    await page.route("**/faulty", lambda route: route.fulfill(body=f"<!doctype html>{body}", headers=headers))

    await page.goto("/faulty", wait_until="networkidle")

    noticed = [line for line in watch.complaints if complaint in line]
    watch.allow(complaint)
    watch.allow("/faulty")
    watch.allow("missing.png")
    assert noticed
