"""Answers of other people's servers, of which only so much is read and unpacked."""

import json
import zlib
from collections.abc import Mapping, Sized
from typing import Any, Final

import httpx

MOST: Final = 1 << 20
"""Bytes of an answer, before and after unpacking, unless a caller gives another limit."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_PACKED: Final = frozenset({"gzip", "x-gzip"})
_PLAIN: Final = frozenset({"", "identity"})
_OF_THE_PACKED: Final = ("content-encoding", "content-length", "transfer-encoding")


class AnswerTooLarge(httpx.HTTPError):
    """An answer has more bytes than its reader takes."""


class AnswerUnreadable(httpx.HTTPError):
    """An answer is packed in a way that was not asked for, or is damaged or cut off."""


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
    unpacker = _unpacker_of(answer.headers.get("content-encoding", "").strip().lower())
    body, received = bytearray(), 0
    async for part in answer.aiter_raw():
        received += len(part)
        if received > most:
            raise AnswerTooLarge(f"more than {most} bytes")
        body += unpacker.unpack(part, most + 1 - len(body))
        _ensure_within(body, most)
    if received and not unpacker.is_at_end:
        raise AnswerUnreadable("cut off")
    return bytes(body)


def _ensure_within(body: Sized, most: int) -> None:
    if len(body) > most:
        raise AnswerTooLarge(f"more than {most} bytes")


class _Plain:
    """Bytes that are not packed. Where they end, httpx knows."""

    is_at_end = True

    def unpack(self, part: bytes, _: int) -> bytes:
        """Return the bytes."""
        return part


class _Gzip:
    """Bytes that are packed."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_GZIP)

    @property
    def is_at_end(self) -> bool:
        """Return whether the end was unpacked."""
        return self._unpacker.eof

    def unpack(self, part: bytes, most: int) -> bytes:
        """Return what bytes stand for, at most so many bytes."""
        try:
            return self._unpacker.decompress(part, most)
        except zlib.error:
            raise AnswerUnreadable("damaged gzip") from None


def _unpacker_of(encoding: str) -> _Plain | _Gzip:
    if encoding in _PLAIN:
        return _Plain()
    if encoding not in _PACKED:
        raise AnswerUnreadable("another encoding than was asked for")
    return _Gzip()
