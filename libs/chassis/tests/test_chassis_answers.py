"""Answers of other people's servers: how much of them is read, and what is unpacked."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import httpx
import pytest
from chassis.answers import MOST, AnswerTooLarge, AnswerUnreadable, fetch, read_json

MIB = 1 << 20
BOMB = gzip.compress(bytes(100 * MIB), 9)
"""100 MiB in 100 KB."""
_READ_AT_ONCE = 1 << 16
"""What httpcore reads of a connection."""

Handler = Callable[[httpx.Request], httpx.Response]


class Sent(httpx.AsyncByteStream):
    """The body of an answer, in the parts in which a connection gives it."""

    def __init__(self, body: bytes, *, times: int = 1) -> None:
        self.given = 0
        self._body, self._times = body, times

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._times):
            for start in range(0, len(self._body), _READ_AT_ONCE):
                part = self._body[start : start + _READ_AT_ONCE]
                self.given += len(part)
                yield part


def answering(stream: Sent, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """Return a client whose requests are answered with a body that comes in parts."""
    return httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=stream))
    )


async def peak_of(asking: Awaitable[httpx.Response]) -> tuple[int, httpx.Response | Exception]:
    """Return the bytes that an answer took at most, and the answer or the error."""
    tracemalloc.start()
    try:
        found: httpx.Response | Exception = await asking
    except httpx.HTTPError as error:
        found = error
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak, found


@pytest.mark.parametrize("most", [MOST, 8 * MIB])
async def test_a_small_answer_that_unpacks_to_much_takes_little_memory(most: int) -> None:
    async with answering(Sent(BOMB), {"Content-Encoding": "gzip"}) as http:
        peak, found = await peak_of(fetch(http, "GET", "http://node.test", most=most))
    assert isinstance(found, AnswerTooLarge)
    assert peak < 4 * most + MIB


async def test_httpx_alone_unpacks_all_of_it() -> None:
    async with answering(Sent(BOMB), {"Content-Encoding": "gzip"}) as http:
        peak, found = await peak_of(http.get("http://node.test"))
    assert isinstance(found, httpx.Response)
    assert peak > 100 * MIB


async def test_no_more_is_read_of_an_answer_that_is_too_large() -> None:
    stream = Sent(bytes(_READ_AT_ONCE), times=10_000)
    async with answering(stream) as http:
        peak, found = await peak_of(fetch(http, "GET", "http://node.test"))
    assert isinstance(found, AnswerTooLarge)
    assert stream.given <= MOST + _READ_AT_ONCE
    assert peak < 4 * MOST


async def test_what_follows_the_packed_answer_counts_too() -> None:
    stream = Sent(gzip.compress(b"{}") + bytes(64 * MIB))
    async with answering(stream, {"Content-Encoding": "gzip"}) as http:
        with pytest.raises(AnswerTooLarge):
            await fetch(http, "GET", "http://node.test")
    assert stream.given <= MOST + _READ_AT_ONCE


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (BOMB, "gzip, gzip"),
        (BOMB, "br"),
        (zlib.compress(b"{}"), "deflate"),
        (b"not gzip", "gzip"),
    ],
)
async def test_another_encoding_than_was_asked_for_is_not_unpacked(body: bytes, encoding: str) -> None:
    async with answering(Sent(body), {"Content-Encoding": encoding}) as http:
        with pytest.raises(AnswerUnreadable):
            await fetch(http, "GET", "http://node.test")


@pytest.mark.parametrize("size", [0, 1, _READ_AT_ONCE + 1, MOST])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_an_answer_up_to_the_limit_arrives_whole(size: int, packed: bool) -> None:
    body = bytes(index % 251 for index in range(size))
    sent, headers = (gzip.compress(body), {"Content-Encoding": "gzip"}) if packed else (body, {})
    async with answering(Sent(sent), headers | {"X-Kept": "yes"}) as http:
        answer = await fetch(http, "GET", "http://node.test")
    assert answer.content == body
    assert (answer.status_code, answer.headers["x-kept"]) == (200, "yes")


@pytest.mark.parametrize("kept", [1, 10, 50, -9, -1])
async def test_a_packed_answer_that_is_cut_off_is_refused(kept: int) -> None:
    packed = gzip.compress(json.dumps([{"number": index} for index in range(50)]).encode())
    async with answering(Sent(packed[:kept]), {"Content-Encoding": "gzip"}) as http:
        with pytest.raises(AnswerUnreadable, match="cut off"):
            await fetch(http, "GET", "http://node.test")


async def test_an_answer_without_a_body_is_whole_whatever_its_encoding_is() -> None:
    async with answering(Sent(b""), {"Content-Encoding": "gzip"}) as http:
        answer = await fetch(http, "GET", "http://node.test")
    assert answer.content == b""


async def test_one_byte_more_than_the_limit_is_too_large() -> None:
    async with answering(Sent(gzip.compress(bytes(101))), {"Content-Encoding": "gzip"}) as http:
        with pytest.raises(AnswerTooLarge):
            await fetch(http, "GET", "http://node.test", most=100)


async def test_the_request_is_sent_as_it_was_written_and_asks_for_gzip() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"found": 1})

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        answer = await fetch(http, "POST", "http://node.test/a", headers={"X-Key": "1"}, json={"asked": 1})
    assert read_json(answer) == {"found": 1}
    assert (seen[0].method, json.loads(seen[0].content)) == ("POST", {"asked": 1})
    assert (seen[0].headers["x-key"], seen[0].headers["accept-encoding"]) == ("1", "gzip")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe\xfd", b"[" * 100_000])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"nested too deep|Expecting value|decode"):
        read_json(httpx.Response(200, content=body))
