"""The page of one refund, which answers every step with it that failed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from web.console.apis import Failure, StaffApi
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page, done, form_after
from web.console.refunds.models import Refund
from web.console.usdt.returns import networks_back
from web.sessions.staff import StaffSession

PATH: Final = "/refunds"
ONE: Final = f"{PATH}/{{refund_id}}"

_CONFLICT: Final = 409
_CHANGED: Final = frozenset({"already_refunded", "refund_not_open"})
"""Codes of refusals because of what another person did a moment ago."""


def page_of_refund(refund_id: UUID | str) -> str:
    """Return the path of the page of a refund."""
    return f"{ROOT}{PATH}/{refund_id}"


async def refund_of(payment: StaffApi, refund_id: UUID) -> Refund:
    """Return a refund.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return await payment.get(Refund, f"{PATH}/{refund_id}")


async def take_step(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    refund_id: UUID,
    *,
    step: str,
    is_made: Callable[[Refund], bool],
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Take a step with a refund, and lead to its page; show it with what was typed if that failed.

    Args:
        step: names it in the API's path, and in the message of the page that follows.
        is_made: whether a refund is as if this person had taken the step: its form was sent twice.
        typed: what the API takes besides.
    """
    failure = await payment.change("POST", f"{PATH}/{refund_id}/{step}", typed)
    if failure is not None and failure.status == _CONFLICT and is_made(await refund_of(payment, refund_id)):
        failure = None
    if failure is None:
        return done(request, page_of_refund(refund_id), step)
    return await refund_page(request, staff, payment, identity, refund_id, failure=failure, typed=typed)


async def refund_page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    refund_id: UUID,
    *,
    failure: Failure | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Return the page of a refund. If another person changed it a moment ago, it says so and shows what they did."""
    refund, names = await asyncio.gather(refund_of(payment, refund_id), staff_names(identity, staff))
    is_taken = failure is not None and failure.code in _CHANGED
    networks = await networks_back(payment) if refund.takes_address else ()
    shown: Mapping[str, Any] = {
        "refund": refund,
        "names": names,
        "me": staff.account.id,
        "networks": networks,
        "now": request.app.state.clock(),
        "form": form_after({} if is_taken else typed or {}, failure),
        "message": failure.message if failure and not is_taken else None,
        "why_not": failure.members.get("why_not") if failure else None,
        "is_taken": is_taken,
    }
    return console_page(request, staff, "refunds/one.html", status=failure.status if failure else 200, **shown)
