"""The ledger as a file: every movement that the filters let through."""

from chassis.errors import InvalidFields
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Payment, Registration
from web.console.exports.downloads import passed_on
from web.console.exports.kinds import file_name
from web.console.ledger.asked import Asked, Filters, wanted
from web.console.ledger.routes import PATH
from web.console.menu import ROOT
from web.console.routing import ConsoleRouter
from web.pages import see_other
from web.upstream.client import Refused

router = ConsoleRouter()


@router.page(f"{PATH}/file")
async def send_ledger(
    request: Request,
    staff: Finance,  # noqa: ARG001  # the gate
    payment: Payment,
    registration: Registration,
    asked: Filters,
) -> Response:
    """Send the filtered movements as CSV; if a filter cannot be read, the page says so."""
    known = asked.known()
    of_filters = await wanted(known, request, payment, registration)
    if of_filters.errors:
        return _back(request, known)
    try:
        return await passed_on(payment, f"{PATH}.csv", file_name(request, "csv", "ledger"), **of_filters.query)
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        return _back(request, known)


def _back(request: Request, asked: Asked) -> Response:
    query = asked.query()
    return see_other(request, f"{ROOT}{PATH}?{query}" if query else ROOT + PATH)
