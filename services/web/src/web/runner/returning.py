"""Naming the address to which USDT go back."""

from collections.abc import Mapping
from typing import Final

from chassis.errors import Unavailable
from chassis.wording import Wording, language_of_request

from web.forms import FieldError, Form
from web.runner.proofs import OF_THE_VISITOR, NotSent
from web.runner.reading import Visit
from web.upstream.client import Refused

_FIELDS: Final[Mapping[str, str]] = {"network": "refund_network", "address": "refund_address"}
"""Fields of the page by those of payment's API."""

_AWAY: Final = Wording(
    en="The address could not be stored just now. Please send it again in a minute.",
    id="Alamat belum dapat disimpan. Silakan kirim lagi semenit lagi.",
)


async def name_address(visit: Visit, values: Mapping[str, str]) -> NotSent | None:
    """Store the address that was typed; return what to say if it was not stored.

    Raises:
        Refused: payment does not accept the token, or too many requests came from this address.
    """
    sent = {name: values.get(field, "") for name, field in _FIELDS.items()}
    path = f"{visit.invoice_path}/usdt/refund-address"
    try:
        await visit.payment.call("PUT", path, visit.visitor, token=visit.access.token, json=sent)
    except Unavailable as error:
        return _not_named(values, error.status, {"refund_address": _said(_AWAY)}, error.headers)
    except Refused as refused:
        if refused.status in OF_THE_VISITOR:
            raise
        errors = {_FIELDS.get(field, field): message for field, message in refused.field_errors.items()}
        return _not_named(values, refused.status, errors or {"refund_address": _said(refused.wording)}, refused.headers)
    return None


def _not_named(
    values: Mapping[str, str], status: int, errors: Mapping[str, str], headers: Mapping[str, str] | None
) -> NotSent:
    return NotSent(Form(values, [FieldError(*each) for each in errors.items()]), status, headers or {})


def _said(wording: Wording) -> str:
    return wording.said(language_of_request.get())
