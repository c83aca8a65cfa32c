"""The columns of files that are not known: choosing them, and those that were chosen."""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Identity, Payment
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import DONE, console_page, done
from web.console.routing import ConsoleRouter
from web.console.statements.columns import DATE_ORDERS, DECIMAL_MARKS, MEANINGS, Choice, Head, head_in
from web.console.statements.models import StoredMappings
from web.console.statements.uploading import ACCOUNT
from web.forms import Form, typed
from web.languages import language_of_path
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/statements/mappings"
_LIST: Final = "/statements"
_FIELDS: Final = 110


@router.page(PATH)
async def list_mappings(request: Request, staff: Finance, payment: Payment, identity: Identity) -> Response:
    """List the columns that were chosen for files."""
    found, names = await asyncio.gather(
        payment.get(StoredMappings, "/statement-mappings"), staff_names(identity, staff)
    )
    return console_page(request, staff, "statements/mappings.html", mappings=found.items, names=names)


@router.action(PATH)
async def save_mapping(request: Request, staff: Finance, payment: Payment) -> Response:
    """Store what the columns of a file hold; the file is chosen once more afterwards."""
    async with form_of(request, max_fields=_FIELDS) as form:
        values = typed(form)
    head = head_in(values)
    if head is None:
        return see_other(request, ROOT + _LIST)
    choice = Choice(head, values)
    errors = choice.errors(language_of_path(request.url.path))
    failure = Failure(InvalidFields.status, InvalidFields.code, errors=errors) if errors else None
    if failure is None:
        failure = await payment.change("POST", "/statement-mappings", choice.body())
    if failure is None:
        return see_other(request, f"{ROOT}{_LIST}?{urlencode({DONE: 'columns', **_account_in(values)})}")
    return choosing_page(request, staff, head, values, failure)


@router.action(f"{PATH}/{{mapping_id}}/delete")
async def delete_mapping(request: Request, mapping_id: UUID, staff: Finance, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """Forget columns: files with this header have to be described again."""
    failure = await payment.change("DELETE", f"/statement-mappings/{mapping_id}")
    return done(request, ROOT + PATH, "deleted" if failure is None else "unsure")


def _account_in(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the account number that was typed with the file, for the form that asks for the file once more."""
    return {ACCOUNT: values[ACCOUNT]} if values.get(ACCOUNT) else {}


def choosing_page(
    request: Request, staff: StaffSession, head: Head, values: Mapping[str, str], failure: Failure | None = None
) -> Response:
    """Return the form that asks what each column of a file holds."""
    own = {"name", "date_order", "decimal_mark"} | {f"column_{at}" for at in range(len(head.header))}
    errors = [each for each in failure.errors if each.field in own] if failure else ()
    others = [each.message for each in failure.errors if each.field not in own] if failure else ()
    return console_page(
        request,
        staff,
        "statements/columns.html",
        status=failure.status if failure else InvalidFields.status,
        head=head,
        form=Form(values, errors),
        message=(failure.message or " ".join(others)) if failure else None,
        is_first=failure is None,
        meanings=MEANINGS,
        date_orders=DATE_ORDERS,
        decimal_marks=DECIMAL_MARKS,
    )
