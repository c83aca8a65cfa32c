"""The health of all senders, and the language of messages."""

import asyncio
from typing import Final

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import ADMIN, Admin, AnyStaff
from web.console.apis import Failure, Notification, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.messages.reasons import in_language_of
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.console.senders.answers import Senders, Settings
from web.forms import typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/senders"


@router.page(PATH)
async def show_senders(request: Request, staff: AnyStaff, notification: Notification) -> Response:
    """Show how each sender is, what it sent and what waits."""
    return await _page(request, staff, notification)


@router.action(PATH)
async def save_language(request: Request, staff: Admin, notification: Notification) -> Response:
    """Choose the language of messages."""
    async with form_of(request, max_fields=5) as form:
        locale = typed(form).get("default_locale", "")
    failure = await notification.change("PUT", "/settings", {"default_locale": locale})
    if failure is None:
        return done(request, f"{ROOT}{PATH}", "language")
    return await _page(request, staff, notification, failure)


async def _page(
    request: Request, staff: StaffSession, notification: StaffApi, failure: Failure | None = None
) -> Response:
    may_change = ADMIN.admits(staff.account.role)
    senders, settings = await asyncio.gather(
        notification.get(Senders, "/senders"), _settings(notification) if may_change else _nothing()
    )
    return console_page(
        request,
        staff,
        "senders/health.html",
        status=failure.status if failure else 200,
        senders=senders.items,
        now=request.app.state.clock(),
        reason=in_language_of(request),
        may_change=may_change,
        settings=settings,
        message=failure and (failure.message or failure.errors[0].message),
    )


async def _settings(notification: StaffApi) -> Settings | None:
    return await unless_away(notification.get(Settings, "/settings"))


async def _nothing() -> None:
    return None
