"""Answers of other people's servers, of which only so much is read and unpacked."""

import json
import zlib
from collections.abc import Callable, Mapping, Sized
from typing import Any, Final

import httpx

MOST: Final = 1 << 20
"""Bytes of an answer, before and after unpacking, unless a caller gives another limit."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_PACKED: Final = frozenset({"gzip", "x-gzip"})
_PLAIN: Final = frozenset({"", "identity"})
_OF_THE_PACKED: Final = ("content-encoding", "content-length", "transfer-encoding")

Unpack = Callable[[bytes, int], bytes]
"""Return what bytes stand for, at most as many bytes as the second argument says."""


class AnswerTooLarge(httpx.HTTPError):
    """An answer has more bytes than its reader takes."""


class AnswerUnreadable(httpx.HTTPError):
    """An answer is packed in a way that was not asked for, or is damaged."""


async def fetch(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    most: int = MOST,
    headers: Mapping[str, str] | None = None,
    **options: Any,
) -> httpx.Response:
    """Send a request and return the answer, unpacked.

    httpx alone reads an answer of any size, and unpacks a few kilobytes to gigabytes.

    Args:
        most: maximum bytes of its body, before and after unpacking.
        options: of `httpx.AsyncClient.stream`.

    Raises:
        AnswerTooLarge, AnswerUnreadable, and the other errors of httpx, which has their base class.
    """
    asked = {**(headers or {}), "Accept-Encoding": "gzip"}
    async with http.stream(method, url, headers=asked, **options) as answer:
        body = await _body(answer, most)
        kept = [(name, value) for name, value in answer.headers.multi_items() if name not in _OF_THE_PACKED]
        return httpx.Response(answer.status_code, headers=kept, content=body, request=answer.request)


def read_json(answer: httpx.Response, **options: Any) -> Any:
    """Return the JSON of an answer.

    Args:
        options: of `json.loads`.

    Raises:
        ValueError: it is none, or nested too deep.
    """
    try:
        return json.loads(answer.content, **options)
    except RecursionError:
        raise ValueError("nested too deep") from None


async def _body(answer: httpx.Response, most: int) -> bytes:
    if answer.is_stream_consumed:  # a transport of tests answers with what is in memory, unpacked
        _ensure_within(answer.content, most)
        return answer.content
    unpack = _unpacking(answer.headers.get("content-encoding", "").strip().lower())
    body, received = bytearray(), 0
    async for part in answer.aiter_raw():
        received += len(part)
        if received > most:
            raise AnswerTooLarge(f"more than {most} bytes")
        body += unpack(part, most + 1 - len(body))
        _ensure_within(body, most)
    return bytes(body)


def _ensure_within(body: Sized, most: int) -> None:
    if len(body) > most:
        raise AnswerTooLarge(f"more than {most} bytes")


def _unpacking(encoding: str) -> Unpack:
    if encoding in _PLAIN:
        return lambda part, _: part
    if encoding not in _PACKED:
        raise AnswerUnreadable("another encoding than was asked for")
    unpacker = zlib.decompressobj(_GZIP)

    def unpack(part: bytes, most: int) -> bytes:
        try:
            return unpacker.decompress(part, most)
        except zlib.error:
            raise AnswerUnreadable("damaged gzip") from None

    return unpack
