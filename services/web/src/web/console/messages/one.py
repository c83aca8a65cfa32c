"""One message: its attempts, what was sent by each, and sending it again."""

from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from web.console.access import ADMIN, Admin, AnyStaff
from web.console.apis import Notification, StaffApi
from web.console.menu import ROOT
from web.console.messages.answers import WAITING, Detail, Resent
from web.console.messages.log import PATH
from web.console.messages.reasons import in_language_of
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{message_id}}"


@router.page(_ONE)
async def show_message(request: Request, staff: AnyStaff, notification: Notification, message_id: UUID) -> Response:
    """Show a message; the audit log names who read its text."""
    return await _page(request, staff, notification, message_id)


@router.action(_ONE)
async def send_again(request: Request, staff: Admin, notification: Notification, message_id: UUID) -> Response:
    """Try a message again that failed, or send a copy of one that was sent; go to the one that will be sent."""
    try:
        answer = await notification.call("POST", f"/notifications/{message_id}/resend")
    except Refused as refused:
        if refused.status != HTTPStatus.CONFLICT:
            raise
        return await _page(request, staff, notification, message_id, refused)
    resent = notification.client.read(Resent, answer)
    return done(request, f"{ROOT}{PATH}/{resent.id}", "again" if resent.id == message_id else "copy")


async def _page(
    request: Request, staff: StaffSession, notification: StaffApi, message_id: UUID, refused: Refused | None = None
) -> Response:
    message = await notification.get(Detail, f"/notifications/{message_id}")
    attempts = message.attempts[::-1]
    return console_page(
        request,
        staff,
        "messages/one.html",
        status=refused.status if refused else 200,
        sent=message,
        attempts=attempts,
        latest=next((each for each in attempts if each.content), None),
        is_waiting=message.status in WAITING,
        reason=in_language_of(request),
        may_retry=ADMIN.admits(staff.account.role),
        message=refused.wording.en if refused else None,  # in the language of the visitor already
    )
