"""Choosing a way to pay: the charge that was open is cancelled, and payment is asked for what the runner pays with."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.errors import NotFound, Unavailable
from chassis.wording import Wording, language_of_request

from web.formats import rupiah
from web.runner.proofs import OF_THE_VISITOR
from web.runner.reading import Visit
from web.runner.ways import IN_USDT, Way
from web.upstream.charges import Method
from web.upstream.client import Refused

_ANSWERED_WITHIN: Final = 30.0
"""Seconds. Payment waits for the gateway."""

_STATUS_SAYS: Final = frozenset(
    {"already_paid", "proof_pending", "invoice_expired", "invoice_cancelled", "invoice_not_found", "charge_not_open"}
)
"""Codes of refusals after which the page of the status says what is true now."""

_OVER: Final = frozenset({"expired", "cancelled", "failed"})

_OF_THE_NETWORK: Final = frozenset({"network_not_offered", "below_minimum"})
"""Codes of refusals after which another network may do."""


@dataclass(frozen=True)
class Chosen:
    """What a runner chose.

    Attributes:
        network: on which they send USDT; None if they have not chosen it.
        replaced: the charge that they saw as open, which they give up.
    """

    way: Way
    network: str | None = None
    replaced: UUID | None = None


@dataclass(frozen=True)
class Trouble:
    """Why a way to pay could not be chosen: the message beside it, and the status and headers of the page.

    Attributes:
        network: the one that was refused, where another one may do; None if it is about the whole way.
    """

    way: Way
    message: str
    status: int
    headers: Mapping[str, str]
    network: str | None = None


async def choose(visit: Visit, chosen: Chosen) -> Way | Trouble | None:
    """Choose a way to pay. Repeated, it makes no second charge and asks for no second amount.

    Return the way if its page shows how to pay, and None if nothing is to be paid any more.

    Raises:
        Refused: payment does not accept the token, or too many requests came from this address.
    """
    way = chosen.way
    if way == IN_USDT and chosen.network is None:
        return way
    try:
        if chosen.replaced is not None:
            await _cancel(visit, chosen.replaced, is_optional=not way.by_gateway)
        await _ask_for(visit, chosen)
    except Unavailable as error:
        return _trouble(chosen, error.status, _WORDINGS["gateway_unavailable"], error.headers)
    except Refused as refused:
        if refused.status in OF_THE_VISITOR:
            raise
        return None if refused.code in _STATUS_SAYS else _refused(chosen, refused)
    return way


async def _cancel(visit: Visit, charge_id: UUID, *, is_optional: bool) -> None:
    """Cancel a charge; one that is over already needs it no more.

    Args:
        is_optional: whether the runner can go on while the gateway does not answer. The charge is then cancelled once
            the invoice is paid.
    """
    path = f"/charges/{charge_id}/cancel"
    try:
        await visit.payment.call("POST", path, visit.visitor, token=visit.access.token, timeout=_ANSWERED_WITHIN)
    except Unavailable:
        if not is_optional:
            raise
    except Refused as refused:
        is_over = refused.status == NotFound.status or refused.members.get("charge_status") in _OVER
        if not (is_over or (is_optional and refused.status == Unavailable.status)):
            raise


async def _ask_for(visit: Visit, chosen: Chosen) -> None:
    way = chosen.way
    if way.by_gateway:
        wanted = {"method": way.method.value, "bank": way.bank}
        await _post(visit, "charges", json=wanted)
    elif way.method is Method.TRANSFER:
        await _ask_for_amount(visit)
    elif way == IN_USDT:
        await _post(visit, "usdt", json={"network": chosen.network})


async def _ask_for_amount(visit: Visit) -> None:
    """Ask for the amount that identifies the transfer; a payment service that gives none is paid the price."""
    try:
        await _post(visit, "transfer")
    except Refused as refused:
        if refused.status != NotFound.status or refused.code == "invoice_not_found":
            raise


async def _post(visit: Visit, what: str, *, json: Mapping[str, str | None] | None = None) -> None:
    path = f"{visit.invoice_path}/{what}"
    await visit.payment.call("POST", path, visit.visitor, token=visit.access.token, json=json, timeout=_ANSWERED_WITHIN)


def _refused(chosen: Chosen, refused: Refused) -> Trouble:
    text = _WORDINGS.get(refused.code, refused.wording)
    of_network = chosen.network if refused.code in _OF_THE_NETWORK else None
    minimum = refused.members.get("minimum_order")
    values = {"minimum": rupiah(Decimal(minimum))} if isinstance(minimum, str) else {}
    return _trouble(chosen, refused.status, text, refused.headers, network=of_network, **values)


def _trouble(
    chosen: Chosen,
    status: int,
    text: Wording,
    headers: Mapping[str, str] | None,
    *,
    network: str | None = None,
    **values: str,
) -> Trouble:
    return Trouble(chosen.way, text.said(language_of_request.get(), **values), status, headers or {}, network)


_WORDINGS: Final[Mapping[str, Wording]] = {
    "gateway_unavailable": Wording(
        en="This way to pay does not answer just now. Choose another one, or try again in a minute.",
        id="Cara bayar ini sedang tidak menjawab. Pilih cara lain, atau coba lagi semenit lagi.",
    ),
    "charge_active": Wording(
        en="Another way to pay was opened before, perhaps in another tab. It is marked here: use it, or choose again to"
        " replace it.",
        id="Cara bayar lain sudah dibuka sebelumnya, mungkin di tab lain. Cara itu ditandai di sini: pakai yang itu,"
        " atau pilih sekali lagi untuk menggantinya.",
    ),
    "too_late_to_charge": Wording(
        en="Too little time is left for this way to pay. Choose another one.",
        id="Sisa waktu terlalu singkat untuk cara bayar ini. Pilih cara lain.",
    ),
    "method_not_offered": Wording(
        en="The organisers do not offer this way to pay any more. Choose another one.",
        id="Panitia tidak lagi menawarkan cara bayar ini. Pilih cara lain.",
    ),
    "transfer_not_offered": Wording(
        en="The organisers have no account for transfers any more. Choose another way to pay.",
        id="Panitia tidak lagi punya rekening untuk transfer. Pilih cara bayar lain.",
    ),
    "rate_unavailable": Wording(
        en="There is no exchange rate for USDT just now. Choose another way to pay, or try again in a few minutes.",
        id="Saat ini kurs USDT belum tersedia. Pilih cara bayar lain, atau coba lagi beberapa menit lagi.",
    ),
    "usdt_not_ready": Wording(
        en="USDT cannot be received just now. Choose another way to pay.",
        id="USDT sedang tidak dapat diterima. Pilih cara bayar lain.",
    ),
    "network_not_offered": Wording(
        en="The organisers do not offer this network any more. Choose another one.",
        id="Panitia tidak lagi menawarkan jaringan ini. Pilih jaringan lain.",
    ),
    "below_minimum": Wording(
        en="This network can be used from {minimum} on, as its fees are high. Choose another one.",
        id="Jaringan ini dapat dipakai mulai {minimum} karena biayanya tinggi. Pilih jaringan lain.",
    ),
    "no_usdt_quote": Wording(
        en="The amount in USDT could not be prepared. Please choose again.",
        id="Jumlah dalam USDT belum dapat disiapkan. Silakan pilih sekali lagi.",
    ),
}
