"""The webhook for delivery reports of Fonnte."""

import hmac
from typing import Annotated, Any

from chassis.auth.access import Gate, public
from chassis.web.dependencies import Work
from chassis.web.models import Body
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Request
from pydantic import BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema

from notification.queue.reports import record_report
from notification.webhooks.errors import UnknownWebhook
from notification.webhooks.rules import progress_of

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def _as_text(value: Any) -> Any:
    """Return the id as text. Fonnte's `/send` returns a list of ids; the webhook was observed with text and numbers."""
    first = value[0] if isinstance(value, list) and value else value
    return str(first) if isinstance(first, int) and not isinstance(first, bool) else first


_ID_SCHEMA = {"anyOf": [{"type": "string", "maxLength": 90}, {"type": "integer"}, {"type": "array"}]}
Id = Annotated[
    str,
    BeforeValidator(_as_text),
    StringConstraints(max_length=90, pattern=_PRINTABLE),
    WithJsonSchema(_ID_SCHEMA),
]
Word = Annotated[str, StringConstraints(max_length=50, pattern=_PRINTABLE)]


class MessageReport(Body):
    """A report of Fonnte. Later reports contain only `stateid`; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: Id | None = None
    stateid: Id | None = None
    status: Word | None = None
    state: Word | None = None


class KnowsSecret(Gate):
    """Checks the secret in the last part of the path. A wrong one gets the same answer as an unknown path."""

    async def __call__(self, request: Request) -> None:
        """Compare the secret.

        Raises:
            UnknownWebhook.
        """
        expected: str = request.app.state.webhook_secret
        if not expected or not hmac.compare_digest(request.path_params["secret"].encode(), expected.encode()):
            raise UnknownWebhook


router = Router(prefix="/webhooks", tags=["webhooks"], dependencies=[public])


# The gate reads the secret from the path, so FastAPI does not know the parameter.
_SECRET = {"name": "secret", "in": "path", "required": True, "schema": {"type": "string"}}


@router.post(
    "/fonnte/{secret}",
    dependencies=[Depends(KnowsSecret())],
    responses=errors(UnknownWebhook),
    openapi_extra={"parameters": [_SECRET]},
)
async def fonnte_report(report: MessageReport, work: Work) -> dict[str, bool]:
    """Take a delivery report. The answer is 200 also for unknown messages, as Fonnte repeats all other requests."""
    await record_report(
        work,
        provider_id=report.id or None,
        state_id=report.stateid or None,
        progress=progress_of(report.state, report.status),
        word=report.state or report.status,
    )
    return {"received": True}
