"""Examples of the page of a registration that is paid in USDT."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .runner_apis import BY_GATEWAY, BY_PROOF, CHARGE, at, charge, paid
from .usdt_apis import ADDRESS, NETWORKS, WALLET, in_usdt, minutes, network, transfer
from .walk import NUMBER, PAYMENT, REGISTERED, Answers, Example, billed, problem, registered

DATA: Final = (
    ADDRESS,
    ADDRESS[:6],
    ADDRESS[6:-6],
    ADDRESS[-6:],
    WALLET[:6],
    WALLET[6:-6],
    WALLET[-6:],
    "USDT",
    "Ethereum",
    "ERC20",
    "BNB Smart Chain",
    "BSC, BEP20",
    "Polygon PoS, MATIC, POL",
    "Polygon",
    "MATIC",
    "Arbitrum One",
    "Arbitrum",
    "Base",
    "polygonscan.com",
    "bscscan.com",
)

_PAGE: Final = f"/r/{NUMBER}"
_WAY: Final = f"{_PAGE}/pay/usdt"
_INVOICE: Final = f"{PAYMENT}/invoices/{REGISTERED}"
_POST: Final = ("POST", f"{_INVOICE}/usdt")
_CANCEL: Final = ("POST", f"{PAYMENT}/charges/{CHARGE}/cancel")
_ALL: Final[Mapping[str, Any]] = {"offers": (*BY_GATEWAY, *BY_PROOF)}
_PAID: Final[Mapping[str, Any]] = {"payment_verified_at": at(-1)}
_FOUND: Final = paid("verified", payment_method="usdt", verified_at=at(-1), channel="usdt")
_ENDED: Final = {**registered("expired", expired_at=at(-1)), **billed(status="expired")}
_CONFIRMED: Final = transfer("78.09", "confirmed", confirmations=12)
_PART: Final = in_usdt("partial", transfer())
_OVER: Final = minutes(-1)
_OWED: Final = in_usdt("closed", transfer(), refund_owed=True)
_NAMED: Final = {**_OWED, "refund_address": {"network": "polygon", "address": WALLET}}
_PUT: Final = ("PUT", f"{_INVOICE}/usdt/refund-address")
_BACK: Final = f"{_PAGE}/usdt-refund"


def _offered(*networks: dict[str, Any], **ways: Any) -> Answers:
    listed = httpx.Response(200, json={"items": list(networks or NETWORKS)})
    return {**registered(), **billed(**{**_ALL, **ways}), ("GET", f"{PAYMENT}/usdt/networks"): listed}


def _asked(payment: dict[str, Any], *networks: dict[str, Any], **ways: Any) -> Answers:
    return {**_offered(*networks, **ways), ("GET", f"{_INVOICE}/usdt"): httpx.Response(200, json=payment)}


def _ended(payment: dict[str, Any], answers: Answers) -> Answers:
    return {**_asked(payment), **answers}


_STATES: Mapping[str, Answers] = {
    "USDT offered": _offered(),
    "USDT only": _offered(offers=()),
    "USDT asked": _asked(in_usdt()),
    "USDT in part": _asked(_PART),
    "USDT in part, the rest asked": _asked(in_usdt("partial", transfer(), amount="68.09")),
    "USDT in part, charge open": _asked(_PART, charges=[charge("bca")]),
    "USDT seen": _asked(in_usdt("seen", transfer("78.09"))),
    "USDT seen until final": _asked(
        in_usdt("seen", transfer("78.09", network="polygon"), network="polygon", confirmations=None)
    ),
    "USDT paid, confirming": {**_asked(in_usdt("paid", _CONFIRMED)), **billed(_FOUND, status="paid")},
    "USDT paid": _ended(
        in_usdt("paid", _CONFIRMED),
        {**registered("payment_verified", **_PAID), **billed(_FOUND, status="paid")},
    ),
    "USDT overdue": _ended(in_usdt("closed"), billed(status="expired")),
    "USDT closed": _ended(in_usdt("closed"), _ENDED),
    "USDT late": _ended(in_usdt("closed", transfer()), _ENDED),
    "USDT owed": _ended(_OWED, _ENDED),
    "USDT owed, address named": _ended(_NAMED, _ENDED),
}


def _shown(answers: Answers, state: str) -> Example:
    return Example(_WAY, answers=answers, state=state)


def _chosen(status: int, answer: httpx.Response, state: str, *, given: Answers | None = None, **form: str) -> Example:
    found = {**(given or _offered()), _POST: answer, _CANCEL: httpx.Response(204)}
    return Example(_WAY, status, {"network": "polygon", **form}, found, state=state)


def _address(status: int, answer: httpx.Response, state: str, *, given: Mapping[str, Any] = _OWED) -> Example:
    form = {"refund_network": "polygon", "refund_address": WALLET}
    return Example(_BACK, status, form, {**_ended(dict(given), _ENDED), _PUT: answer}, state=state)


def _refused(field: str) -> httpx.Response:
    return problem(422, "invalid_fields", errors=[{"field": field, "message": "123"}])


STATES: Final = tuple(Example(_PAGE, answers=answers, state=state) for state, answers in _STATES.items())
CHOICES: Final = (Example(f"{_PAGE}/pay", answers=_asked(in_usdt()), state="USDT asked"),)
WAYS: Final = (
    _shown(_offered(), "networks"),
    _shown(_offered(charges=[charge("bca")]), "networks, charge open"),
    _shown(_offered(network("polygon"), network("bsc", "trouble"), network("base")), "networks, one in trouble"),
    _shown(_asked(in_usdt(), charges=[charge("bca")]), "asked, charge open"),
    _shown(_asked(in_usdt(network="polygon", confirmations=None)), "until final"),
    _shown(_asked(in_usdt(), network("bsc", "trouble")), "in trouble"),
    _shown(_asked(in_usdt(locked_until=_OVER)), "amount over"),
    _shown(_asked(in_usdt("partial", transfer(), locked_until=_OVER)), "amount of the rest over"),
    _shown(
        _asked(in_usdt("waiting", transfer(state="failed", confirmations=None), transfer("7", is_usdt=False))),
        "undone, and another token",
    ),
    _shown(_asked(in_usdt("partial", transfer(network="base"))), "on an unknown network"),
    _chosen(303, httpx.Response(200, json=in_usdt()), "asked"),
    _chosen(303, httpx.Response(200, json=in_usdt()), "replaced", given=_offered(charges=[charge()]), replace=CHARGE),
    _chosen(503, problem(503, "rate_unavailable"), "no rate"),
    _chosen(503, problem(503, "usdt_not_ready"), "no key"),
    _chosen(409, problem(409, "network_not_offered"), "not offered"),
    _chosen(409, problem(409, "network_not_offered"), "not offered any more", network="arbitrum"),
    _chosen(409, problem(409, "network_not_offered"), "another not offered", given=_asked(in_usdt())),
    _chosen(409, problem(409, "below_minimum", minimum_order="1500000.00"), "below", network="ethereum"),
    _chosen(404, problem(404, "no_usdt_quote"), "no quote"),
    _chosen(503, httpx.Response(502), "lost"),
    _chosen(303, problem(409, "already_paid"), "paid meanwhile"),
)
RETURNS: Final = (
    Example(_BACK, 303),
    _address(303, httpx.Response(200, json=_NAMED), "named"),
    _address(422, _refused("address"), "wrong address"),
    _address(422, _refused("network"), "wrong network, another named before", given=_NAMED),
    _address(404, problem(404, "no_usdt_quote", detail="123"), "no quote"),
    _address(503, httpx.Response(502), "lost"),
)
