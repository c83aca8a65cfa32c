"""Files: passed on piece by piece, written by jobs, and who took them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.process import BackgroundServer

from . import own_app
from .conftest import NOW, category
from .markup import parsed
from .ops_console import REFRESH, Apis, codes, page, post
from .runner_apis import problem
from .walk_ops_answers import EVENT, EXPORT, EXPORTS, KEPT, REGISTRATION, export
from .walk_staff import CATALOG, NAMES, OWNER, StaffAs, json_of

BIBS = f"{REGISTRATION}/exports/bibs.csv"
STATS = ("GET", f"{REGISTRATION}/stats")
ASK = ("POST", f"{REGISTRATION}/exports")
SEND = "/en/console/exports/file?kind=bibs&format=csv&race=jakarta-fun-run"
WANTED = {"kind": "bibs", "format": "csv", "race": "jakarta-fun-run", "category": "5k", "key": "a1b2"}


def _list(*found: dict[str, Any]) -> httpx.Response:
    return json_of({"items": list(found), "next_cursor": None})


def _file(body: bytes = b"bib_number\r\n1\r\n") -> httpx.Response:
    return httpx.Response(200, content=body, headers={"content-type": "text/csv; charset=utf-8"})


async def test_a_file_is_sent_with_its_name_and_asked_for_with_the_token_of_staff() -> None:
    apis = Apis({("GET", BIBS): _file()})
    async with apis.browser() as browser:
        answer = await browser.get(f"{SEND}&category=5k&status=expired&since=x")
    assert (answer.status_code, answer.content) == (200, b"bib_number\r\n1\r\n")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bibs-jakarta-fun-run-5k-2027-01-04.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    [request] = apis.asked("GET", BIBS)
    assert request.headers["Authorization"] == "Bearer token-of-staff"
    assert dict(request.url.params) == {"event_id": EVENT, "category_id": category()["id"]}


async def test_states_are_of_participants_and_comparisons_of_jerseys() -> None:
    paths = {
        kind: f"{REGISTRATION}{path}.xlsx"
        for kind, path in [("participants", "/participants"), ("jerseys", "/exports/jerseys")]
    }
    apis = Apis({("GET", path): _file() for path in paths.values()})
    async with apis.browser() as browser:
        for kind in paths:
            query = f"kind={kind}&format=xlsx&status=expired&since={EXPORT}"
            assert (await browser.get(f"/en/console/exports/file?{query}")).status_code == 200
    assert apis.query(paths["participants"]) == {"event_id": EVENT, "status": "expired"}
    assert apis.query(paths["jerseys"]) == {"event_id": EVENT, "since": EXPORT}


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (problem(409, "download_running"), "A download of yours is still running"),
        (problem(410, "export_gone"), "This file is deleted already"),
        (problem(409, "export_not_ready"), "not ready yet"),
        (problem(422, "invalid_fields"), "Check your choice"),
    ],
)
async def test_a_refused_file_leads_back_to_the_page_which_says_why(refusal: httpx.Response, words: str) -> None:
    stored = ("GET", f"{REGISTRATION}/exports/{EXPORT}/file")
    async with Apis({("GET", BIBS): refusal, stored: refusal}).browser() as browser:
        for path in (SEND, f"/en/console/exports/{EXPORT}/file"):
            answer = await browser.get(path)
            assert answer.status_code == 303
            assert words in (await browser.get(answer.headers["Location"])).text


async def test_an_api_that_is_away_has_a_page_and_sends_no_file() -> None:
    async with Apis({("GET", BIBS): httpx.Response(502)}).browser() as browser:
        answer = await browser.get(SEND)
    assert answer.status_code == 503
    assert "Content-Disposition" not in answer.headers


class Upstream:
    """Registration's API on a socket, with a file whose pieces a test sends."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.has_ended = asyncio.Event()
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"text/csv")]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == CATALOG[1]:
            await self._answer(send, Apis().answers[CATALOG].content)
            return
        leaving = asyncio.create_task(self._left(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            await self._pieces(send, leaving)
        finally:
            leaving.cancel()
            self.has_ended.set()

    async def _pieces(self, send: Any, leaving: asyncio.Task[None]) -> None:
        while True:
            following = asyncio.create_task(self.pieces.get())
            await asyncio.wait({leaving, following}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                return
            piece = following.result()
            if piece is None:
                return  # without the end of the response: the connection breaks off
            await send({"type": "http.response.body", "body": piece, "more_body": bool(piece)})
            if not piece:
                return

    @staticmethod
    async def _answer(send: Any, body: bytes) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @staticmethod
    async def _left(receive: Callable[[], Any]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[BackgroundServer]:
    server = BackgroundServer(app, host="127.0.0.1", grace_seconds=5)
    server.config.lifespan = "off"
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Way:
    """The console on a socket, and registration's API behind it on another."""

    def __init__(self, upstream: Upstream, client: httpx.AsyncClient) -> None:
        self.upstream, self.client = upstream, client

    def open(self) -> Any:
        """Open the download."""
        return self.client.stream("GET", SEND, headers={"Cookie": f"__Host-staff={'k' * 43}"})


@pytest.fixture
async def way() -> AsyncIterator[Way]:
    upstream = Upstream()
    async with AsyncExitStack() as stack:
        behind = await stack.enter_async_context(_serving(upstream))
        api = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{behind.port}"))
        app = own_app.app_on(api, clock=lambda: NOW)
        app.state.staff_sessions = StaffAs()
        server = await stack.enter_async_context(_serving(app))
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}")
        yield Way(upstream, await stack.enter_async_context(client))


async def test_pieces_are_passed_on_as_they_come(way: Way) -> None:
    async with asyncio.timeout(10):
        way.upstream.pieces.put_nowait(b"first")
        async with way.open() as download:
            pieces = download.aiter_raw()
            assert await anext(pieces) == b"first", "before the second is there"
            way.upstream.pieces.put_nowait(b"second")
            assert await anext(pieces) == b"second"
            way.upstream.pieces.put_nowait(b"")
            assert await anext(pieces, None) is None
        await way.upstream.has_ended.wait()


async def test_the_length_of_a_file_is_passed_on(way: Way) -> None:
    way.upstream.headers.append((b"content-length", b"5"))
    for piece in (b"12345", b""):
        way.upstream.pieces.put_nowait(piece)
    async with asyncio.timeout(10), way.open() as download:
        assert download.headers["Content-Length"] == "5"
        assert await download.aread() == b"12345"


async def test_if_the_api_goes_down_in_the_middle_the_browser_sees_that_the_file_is_not_whole(way: Way) -> None:
    async with asyncio.timeout(10):
        way.upstream.pieces.put_nowait(b"first")
        async with way.open() as download:
            pieces = download.aiter_raw()
            assert await anext(pieces) == b"first"
            way.upstream.pieces.put_nowait(None)
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(pieces)


async def test_an_api_that_is_silent_for_too_long_is_given_up(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.console.exports.downloads.SILENT_SECONDS", 0.2)
    async with asyncio.timeout(10):
        way.upstream.pieces.put_nowait(b"first")
        async with way.open() as download:
            with pytest.raises(httpx.RemoteProtocolError):
                await download.aread()


async def test_when_the_browser_leaves_the_download_behind_ends(way: Way) -> None:
    async with asyncio.timeout(10):
        way.upstream.pieces.put_nowait(b"first")
        async with way.open() as download:
            assert await anext(download.aiter_raw()) == b"first"
        await way.upstream.has_ended.wait()


async def test_small_files_are_sent_at_once_and_large_ones_are_written_by_a_job() -> None:
    def offered(people: int) -> httpx.Response:
        return json_of({"items": [{"status": "payment_verified", "participants": people}]})

    for people, method, action in ((5000, "get", "/file"), (5001, "post", "")):
        async with Apis({STATS: offered(people)}).browser() as browser:
            shown = await page(browser, "/exports")
        forms = [each for each in shown.all("form") if each.get("class") == "card offer"]
        assert {(each.get("method"), each.get("action")) for each in forms} == {
            (method, f"/en/console/exports{action}")
        }


async def test_files_of_confirmed_participants_are_small_when_only_others_are_many() -> None:
    items = [{"status": "pending_payment", "participants": 9000}, {"status": "payment_verified", "participants": 10}]
    async with Apis({STATS: json_of({"items": items})}).browser() as browser:
        shown = await page(browser, "/exports")
    methods = [each.get("method") for each in shown.all("form") if each.get("class") == "card offer"]
    assert methods == ["post", "get", "get", "get", "get"]


async def test_while_nobody_can_count_jobs_write_the_files() -> None:
    async with Apis({STATS: httpx.Response(502)}).browser() as browser:
        shown = await page(browser, "/exports")
    assert {each.get("method") for each in shown.all("form") if each.get("class") == "card offer"} == {"post"}


async def test_a_file_is_asked_for_with_a_key_so_that_a_form_sent_again_asks_for_no_other() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        for _ in range(2):
            answer = await post(browser, "/exports", **WANTED)
            assert answer.headers["Location"] == "/en/console/exports?race=jakarta-fun-run&category=5k&done=asked#taken"
    requests = apis.asked(*ASK)
    assert [each.headers["Idempotency-Key"] for each in requests] == ["a1b2", "a1b2"]
    expected = {"kind": "bibs", "format": "csv", "event_id": EVENT, "category_id": category()["id"]}
    assert json.loads(requests[0].content) == expected


async def test_after_an_outage_the_form_asks_for_the_same_file_and_after_a_refusal_for_another() -> None:
    form = {**WANTED, "key": f"a1b2{WANTED['kind']}"}
    for answer, is_same in ((problem(503, "unavailable"), True), (problem(409, "too_many_exports"), False)):
        async with Apis({STATS: httpx.Response(502), ASK: answer}).browser() as browser:
            again = parsed((await post(browser, "/exports", **form)).text)
        keys = {each.get("value") for each in again.all("input") if each.get("name") == "key"}
        assert (form["key"] in keys) is is_same


async def test_too_many_waiting_files_are_said_on_the_page() -> None:
    refusal = problem(409, "too_many_exports", detail="Too many exports are waiting.")
    async with Apis({ASK: refusal}).browser() as browser:
        answer = await post(browser, "/exports", **WANTED)
    assert answer.status_code == 409
    assert "Too many exports are waiting." in parsed(answer.text).text


async def test_the_last_order_of_the_same_jerseys_is_compared_with_first() -> None:
    of_category = export(kind="jerseys", export_id="0190c0de-0000-7000-8000-0000000000e2", category_id=category()["id"])
    found = _list(
        export(kind="jerseys", state="failed", export_id="0190c0de-0000-7000-8000-0000000000e3"),
        of_category,
        export(kind="jerseys"),
        export(),
    )
    apis = Apis({EXPORTS: found})
    async with apis.browser() as browser:
        for address, wanted in (("/exports", EXPORT), ("/exports?category=5k", of_category["export_id"])):
            choice = (await page(browser, address)).one("select", id="since")
            assert [each.get("value") for each in choice.all("option")] == [wanted, ""]


async def test_the_list_says_who_took_what_and_what_can_still_be_fetched() -> None:
    member = {"id": EVENT, "name": "Sari Dewi"}
    found = _list(
        KEPT, export(requested_by=EVENT), export(requested_by=EXPORT), export(delivery="file", state="failed")
    )
    async with Apis({EXPORTS: found, NAMES: json_of({"items": [member]})}).browser() as browser:
        rows = (await page(browser, "/exports")).one("div", id="exports-list").one("tbody").all("tr")
    assert [row.all("td")[1].text.split(" 4 ")[0] for row in rows] == ["You", "Sari Dewi", "Somebody else", "You"]
    links = [[each.get("href") for each in row.all("a")] for row in rows]
    assert links == [[f"/en/console/exports/{EXPORT}/file"], [], [], []]
    assert "until 8 Jan 2027" in rows[0].text


async def test_while_names_do_not_answer_only_ones_own_files_are_told_apart() -> None:
    found = _list(export(requested_by=EVENT), export(requested_by=str(OWNER)))
    async with Apis({EXPORTS: found, NAMES: httpx.Response(503)}).browser(Role.ADMIN) as browser:
        shown = (await page(browser, "/exports")).one("div", id="exports-list").text
    assert "Somebody else" in shown
    assert "You" in shown


async def test_the_list_refreshes_itself_while_a_file_is_being_written_and_then_stops() -> None:
    apis = Apis({EXPORTS: _list(export(delivery="file", state="running"))})
    async with apis.browser() as browser:
        working = (await page(browser, "/exports?race=jakarta-fun-run")).one("div", id="exports-list")
        assert working.get("hx-get") == "/en/console/exports?race=jakarta-fun-run"
        assert json.loads(working.get("hx-headers") or "") == {"X-Refresh": "1"}

        apis.answers[EXPORTS] = _list(KEPT)
        part = await browser.get(working.get("hx-get") or "", headers=REFRESH)
    done = parsed(part.text).one("div", id="exports-list")
    assert "<html" not in part.text
    assert (done.get("hx-get"), "Ready" in done.text) == (None, True)


async def test_a_file_that_was_written_is_fetched_under_the_name_of_its_race() -> None:
    stored = httpx.Response(
        200, content=b"PK\x03\x04", headers={"content-type": "application/x", "content-length": "4"}
    )
    async with Apis({("GET", f"{REGISTRATION}/exports/{EXPORT}/file"): stored}).browser() as browser:
        answer = await browser.get(f"/en/console/exports/{EXPORT}/file")
    assert answer.content == b"PK\x03\x04"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="participants-')


async def test_the_page_says_what_the_codes_in_its_files_mean() -> None:
    async with Apis().browser() as browser:
        english = await page(browser, "/exports")
        indonesian = parsed((await browser.get("/console/exports")).text)
    meant = {"payment_verified": "Paid", "collective_5": "Group of 5", "female": "Female"}
    assert codes(english).items() >= meant.items()
    assert codes(english).keys() == codes(indonesian).keys()
    assert codes(indonesian)["female"] == "Perempuan"


async def test_only_administrators_take_files() -> None:
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        apis = Apis({("GET", BIBS): _file()})
        async with apis.browser(role) as browser:
            assert (await browser.get(SEND)).status_code == 403
            assert (await browser.get(f"/en/console/exports/{EXPORT}/file")).status_code == 403
            assert (await post(browser, "/exports", **WANTED)).status_code == 403
        assert apis.requests == []
