"""An API that sends its answer in drips, each within the time of one read, holds a page for a limited time only."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.errors import Unavailable
from chassis.wording import Language
from web.upstream.client import Answer, ApiClient
from web.upstream.registration import RegistrationApi
from web.visitors import Visitor

from .conftest import NOW

_READ_SECONDS = 0.1


class _Drips(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(_READ_SECONDS / 4)
            yield b" "


def _dripping() -> httpx.AsyncClient:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=_Drips()))
    return httpx.AsyncClient(transport=transport, base_url="http://api", timeout=_READ_SECONDS)


async def test_a_call_for_a_visitor_ends() -> None:
    async with _dripping() as http:
        with pytest.raises(Unavailable):
            await ApiClient(http, "/api").get(Answer, "/drips", Visitor(None, Language.ENGLISH))


async def test_so_does_reading_the_races() -> None:
    async with _dripping() as http:
        with pytest.raises(Unavailable):
            await RegistrationApi(http, clock=lambda: NOW).races()
