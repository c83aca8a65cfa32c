"""Files of the APIs, passed on to the browser piece by piece with the token of who asks for them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx
from chassis.errors import StartlineError
from chassis.telemetry import logger
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from web.console.apis import StaffApi
from web.pages import PRIVATE

log = logger(__name__)

SILENT_SECONDS: Final = 60.0
"""Some files are counted before their first piece comes; an API that is silent for longer is not there any more."""


class PassedOnFile(StreamingResponse):
    """A file whose pieces are sent as they come. If the API breaks off, the browser sees that the file is not whole.

    Args:
        opened: closes what the pieces come from.
        name: under which the browser keeps the file; letters, digits, dots and dashes.
    """

    def __init__(
        self, pieces: AsyncIterator[bytes], opened: AsyncExitStack, name: str, headers: Mapping[str, str]
    ) -> None:
        own = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
        super().__init__(pieces, headers={**own, **headers})
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; end without its last piece if the API breaks off."""
        try:
            await super().__call__(scope, receive, send)
        except (httpx.HTTPError, StartlineError) as error:
            log.warning("download_broke_off", error=type(error).__name__)
        finally:
            await self._opened.aclose()


async def passed_on(api: StaffApi, path: str, name: str, **query: Any) -> PassedOnFile:
    """Return a file of an API. Parts of the query that are None are left out.

    Raises:
        Refused, Unavailable: see `ApiClient.call`; once the file has begun, neither is raised.
    """
    async with AsyncExitStack() as opening:
        answer = await open_file(opening, api, path, **query)
        headers = {"Content-Type": answer.headers.get("content-type", "application/octet-stream")}
        if "content-length" in answer.headers and "content-encoding" not in answer.headers:
            headers["Content-Length"] = answer.headers["content-length"]
        return PassedOnFile(answer.aiter_bytes(), opening.pop_all(), name, headers)


async def open_file(opening: AsyncExitStack, api: StaffApi, path: str, **query: Any) -> httpx.Response:
    """Open a file of an API until the stack is closed.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    stream = api.client.stream(
        path,
        api.visitor,
        token=api.token,
        headers={"Accept-Encoding": "identity"},
        params={key: str(value) for key, value in query.items() if value is not None},
        silence=SILENT_SECONDS,
    )
    return await opening.enter_async_context(stream)
