"""Trying all messages again that failed, after a look at how many they are."""

from collections.abc import Mapping, Sequence
from typing import Final

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Notification, StaffApi
from web.console.messages.answers import Retried, Retryables
from web.console.messages.log import PATH
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.forms import Form, typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_FAILED: Final = f"{PATH}/retry-failed"
_INCLUDED: Final = ("include_unknown", "include_skipped")
_CHANNELS: Final[Sequence[str]] = ("whatsapp", "email")


@router.page(_FAILED)
async def show_failed(request: Request, staff: Admin, notification: Notification) -> Response:
    """Name how many messages could be sent again."""
    return await _page(request, staff, notification, {})


@router.action(_FAILED)
async def retry_failed(request: Request, staff: Admin, notification: Notification) -> Response:
    """Try all again that failed; repeated, it finds those only that failed meanwhile."""
    async with form_of(request, max_fields=10) as form:
        values = typed(form)
    asked = {name: "true" for name in _INCLUDED if name in values}
    if values.get("channel") in _CHANNELS:
        asked["channel"] = values["channel"]
    answer = await notification.call("POST", "/notifications/retry-failed", params=asked)
    retried = notification.client.read(Retried, answer).retried
    return await _page(request, staff, notification, values, retried)


async def _page(
    request: Request,
    staff: StaffSession,
    notification: StaffApi,
    values: Mapping[str, str],
    retried: int | None = None,
) -> Response:
    found = await notification.get(Retryables, "/notifications/retry-failed")
    return console_page(
        request,
        staff,
        "messages/failed.html",
        counts=found.items,
        form=Form(values),
        retried=retried,
        channels=_CHANNELS,
    )
