"""The picture of a transfer, as evidence of a refund."""

from typing import Final
from uuid import UUID

from chassis.errors import Unavailable
from chassis.web.forms import form_of
from fastapi import Request, Response
from starlette.datastructures import UploadFile

from web.console.access import Finance
from web.console.apis import Failure, Identity, Payment, StaffApi
from web.console.pages import done
from web.console.payments.pictures import picture_of
from web.console.refunds.page import ONE, page_of_refund, refund_page
from web.console.registration.proof_form import explained, without_file
from web.console.routing import ConsoleRouter
from web.languages import language_of_path

router = ConsoleRouter()

PATTERN: Final = r"(?:/en)?/console/refunds/[^/]+/evidence"
FORM_BYTES: Final = 2 * 1024 * 1024 + 48 * 1024
"""Maximum of the form: a picture of 2 MB and what surrounds it."""

_PATH: Final = f"{ONE}/evidence"
_STORED_WITHIN: Final = 30.0


@router.page(_PATH)
async def show_evidence(refund_id: UUID, staff: Finance, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """The picture of a transfer."""
    return picture_of(await payment.call("GET", f"/refunds/{refund_id}/evidence"))


@router.action(_PATH)
async def add_evidence(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Store a picture of the transfer in place of the present one."""
    language = language_of_path(request.url.path)
    async with form_of(request, max_files=1, max_fields=4) as form:
        file = form.get("file")
        if isinstance(file, UploadFile) and file.size:
            failure = await _store(payment, refund_id, file)
        else:
            failure = without_file(language)
    if failure is None:
        return done(request, page_of_refund(refund_id), "evidence")
    if failure.code != Unavailable.code:
        failure = explained(failure, language)
    return await refund_page(request, staff, payment, identity, refund_id, failure=failure)


async def _store(payment: StaffApi, refund_id: UUID, file: UploadFile) -> Failure | None:
    files = {"file": ("evidence", file.file, "application/octet-stream")}
    return await payment.change("POST", f"/refunds/{refund_id}/evidence", files=files, timeout=_STORED_WITHIN)
