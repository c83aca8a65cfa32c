"""Examples of the pages about payment in USDT, as an owner sees them."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .runner_apis import problem
from .walk import Answers, Example
from .walk_accounts_answers import LOOK_UP, MONEY, ONE_KEPT, SECOND
from .walk_accounts_answers import kept as kept_money
from .walk_console_usdt_answers import (
    ACCOUNT,
    ASSIGN,
    CHAINS,
    CONFIRM,
    CONTRACT,
    ENTER,
    FIRST,
    HASH,
    KEY,
    KEYS,
    OFFERS,
    ONE_TRANSFER,
    RATES,
    RESUME,
    SAVE,
    SET_RATE,
    SETTINGS,
    TRANSFER,
    TRANSFERS,
    WITHDRAW,
    chain,
    endpoint,
    former,
    kept,
    key,
    listed,
    manual_rate,
    network,
    new_network,
    offer,
    rate,
    rates,
    refused_rate,
    source,
    transfer,
    unread_chain,
    withdrawn_rate,
)
from .walk_money_answers import COLLEAGUE, ME, PAYMENT, PROOF, REFUND, answer, at, refund, verified

DATA: Final = (
    *FIRST,
    CONTRACT,
    HASH,
    "USDT",
    "BNB Smart Chain",
    "Ethereum",
    "Indodax",
    "CoinGecko",
    "node1.example",
    "node2.example",
    "same_moon",
    "Same_Moon",
    "Path",
    "Endpoint",
    "tether.to",
)

_AWAY: Final = httpx.Response(502)
_KEYS: Final = "/console/usdt/keys"
_KEY: Final = f"{_KEYS}/{KEY}"
_NETWORKS: Final = "/console/usdt/networks"
_NETWORK: Final = f"{_NETWORKS}/bsc"
_RATES: Final = "/console/usdt/rates"
_TRANSFERS: Final = "/console/usdt/transfers"
_TRANSFER: Final = f"{_TRANSFERS}/{TRANSFER}"


def _wrong(*fields: str) -> httpx.Response:
    return problem(422, "invalid_fields", errors=[{"field": each, "message": "123"} for each in fields])


_ENTERED: Final = {"xpub_secret": "xpub", "path": ACCOUNT}
_KEY_LIST: Final = (
    Example(_KEYS),
    Example(_KEYS, answers={KEYS: listed()}, state="none"),
    Example(_KEYS, answers={KEYS: listed(key("retired"), key("active", first_addresses=[]))}, state="unreadable"),
    Example(_KEYS, 303, _ENTERED),
    Example(_KEYS, 422, _ENTERED, {ENTER: problem(422, "not_a_public_key", detail="123", why="private")}),
    Example(_KEYS, 409, _ENTERED, {ENTER: problem(409, "key_known", detail="123", key_state="retired")}),
    Example(_KEYS, 422, _ENTERED, {ENTER: _wrong("xpub", "path")}, state="fields"),
    Example(_KEYS, 503, _ENTERED, {ENTER: _AWAY, KEYS: _AWAY}, state="no answer"),
)


def _key(state: str, *keys: dict[str, Any], query: str = "", **fields: Any) -> Example:
    answers = {KEYS: listed(*keys), **fields.pop("answers", {})}
    return Example(f"{_KEY}{query}", answers=answers, state=state, **fields)


_TYPED: Final = {"address": FIRST[1]}
_ONE_KEY: Final = (
    _key("proposed", key(), query="?done=entered"),
    _key("proposed beside another", key(), former()),
    _key("in use", key("active"), query="?done=confirmed"),
    _key("entered again", key("active"), query="?done=entered"),
    _key("retired", key("retired"), former()),
    _key("unreadable", key(first_addresses=[])),
    Example(_KEY, 303, {"address": FIRST[0]}),
    Example(_KEY, 422, _TYPED, {CONFIRM: problem(422, "address_differs", detail="123")}, state="differs"),
    Example(_KEY, 409, _TYPED, {CONFIRM: problem(409, "key_retired", detail="123"), KEYS: listed(key("retired"))}),
    Example(f"{_KEYS}/{TRANSFER}", 404),
)


def _listed(state: str, **fields: Any) -> Example:
    return Example(_NETWORKS, answers={CHAINS: listed(chain(**fields))}, state=state)


_TROUBLES: Final = (
    "no_endpoint",
    "endpoint_private",
    "endpoint_down",
    "endpoint_refused",
    "endpoint_lies",
    "wrong_chain",
    "behind",
    "moved",
    "too_deep",
    "not_confirmed",
    "balance_differs",
    "failed",
    "same_moon",
)
_REASONS: Final = ("not_offered", "not_ready", "no_rate", "trouble")
_STOPPED: Final = chain(stopped=True, trouble="too_deep", trouble_since=at(-1))
_NETWORK_LIST: Final = (
    Example(_NETWORKS),
    *(_listed(each, trouble=each, trouble_since=at(-1)) for each in _TROUBLES),
    *(Example(_NETWORKS, answers={OFFERS: listed(offer("bsc", each))}, state=each) for each in _REASONS),
    Example(_NETWORKS, answers={CHAINS: listed(_STOPPED)}, state="stopped"),
    Example(f"{_NETWORKS}?done=resumed"),
    Example(f"{_NETWORK}/resume", 303, {}),
    Example(f"{_NETWORK}/resume", 503, {}, {RESUME: _AWAY, CHAINS: listed(_STOPPED)}, state="no answer"),
    Example(f"{_NETWORKS}/same_moon/resume", 404, {}),
    _listed("late", scanned_time=at(-1), confirmed_time=None),
    Example(_NETWORKS, answers={CHAINS: listed(unread_chain())}, state="not read"),
    Example(
        _NETWORKS,
        answers={
            SETTINGS: listed(
                network("bsc", endpoint(), confirmations=None, minimum_order="500000.00"),
                network("same_moon", enabled=False),
            ),
            CHAINS: listed(),
        },
        state="one endpoint",
    ),
)

_SAVED: Final = {"enabled": "yes", "confirmations": "15", "minimum_order": "0", "contract": CONTRACT, "others": "yes"}
_STORED: Final = {"host_1": "node1.example", "range_1": "1000", "host_2": "node2.example", "range_2": "2000"}
_FORM: Final = {**_SAVED, **_STORED}


def _unusable(fault: str) -> Example:
    refusal = problem(422, "endpoint_unusable", detail="123", endpoint=2, fault=fault)
    return Example(_NETWORK, 422, _FORM, {SAVE: refusal}, state=fault)


_ONE_NETWORK: Final = (
    Example(_NETWORK),
    Example(f"{_NETWORK}?done=saved"),
    Example(f"{_NETWORK}?done=saved", answers={SETTINGS: listed(network(enabled=False))}, state="off"),
    Example(_NETWORK, answers={SETTINGS: listed(new_network())}, state="new"),
    Example(_NETWORK, 303, _FORM),
    *(_unusable(each) for each in ("private", "down", "log_range", "no_finalized", "not_a_token", "no_logs")),
    Example(_NETWORK, 422, {**_FORM, "url_2_secret": "x"}, {SAVE: _wrong("endpoints.1.url", "token_contract")}),
    Example(_NETWORK, 422, {**_SAVED}, {SAVE: _wrong("endpoints")}, state="no endpoints"),
    Example(_NETWORK, 422, {**_FORM, "range_1": "", "confirmations": "x", "minimum_order": "x"}, state="no numbers"),
    Example(_NETWORK, 409, {**_FORM, "base": "confirmations:7b", "confirmations": "7"}, state="changed meanwhile"),
    Example(_NETWORK, 503, {**_FORM, "url_3_secret": "x", "range_3": "7"}, {SAVE: _AWAY}, state="no answer"),
    Example(f"{_NETWORKS}/same_moon", 404),
)


def _none(reason: str, *items: dict[str, Any], **fields: Any) -> Example:
    return Example(_RATES, answers={RATES: rates(*items, current=None, reason=reason, **fields)}, state=reason)


_RATE: Final = {"idr_per_usdt": "16.700", "valid_until": "2027-01-04T15:00", "reason": "7b1"}
_WHY: Final = ("sources_disagree", "too_few_sources", "outlier", "outside_limits", "in_future", "stale", "same_moon")
_BY_HAND: Final = rates(manual_rate(), current=manual_rate())
_WITHDRAWING: Final = {"withdraw_reason": "7b1"}
_RATE_PAGE: Final = (
    Example(_RATES),
    Example(f"{_RATES}?done=set", answers={RATES: _BY_HAND}, state="by hand"),
    Example(f"{_RATES}?done=withdrawn", answers={RATES: rates(withdrawn_rate())}, state="withdrawn"),
    Example(f"{_RATES}?all=yes&cursor=x", answers={RATES: rates(rate(), next_cursor="y")}, state="all"),
    _none("jump", refused_rate("jump"), refused_rate("outlier", "indodax")),
    *(_none(each, refused_rate(each, "indodax")) for each in _WHY),
    _none("no_answer", sources=[source(trouble="down"), source("coingecko", "unreadable")]),
    Example(_RATES, answers={RATES: rates(current=None, reason="no_answer", sources=[])}, state="never asked"),
    Example(_RATES, 303, _RATE),
    Example(_RATES, 422, {"idr_per_usdt": "x", "valid_until": "x"}, state="unread"),
    Example(_RATES, 422, _RATE, {SET_RATE: _wrong("idr_per_usdt", "valid_until", "reason")}),
    Example(_RATES, 503, _RATE, {SET_RATE: _AWAY}, state="no answer"),
    Example(f"{_RATES}/7/withdraw", 303, _WITHDRAWING),
    Example(f"{_RATES}/7/withdraw", 422, {}, {RATES: _BY_HAND}, state="no reason"),
    Example(f"{_RATES}/7/withdraw", 422, _WITHDRAWING, {WITHDRAW: _wrong("reason"), RATES: _BY_HAND}, state="reason"),
    Example(f"{_RATES}/7/withdraw", 409, _WITHDRAWING, {WITHDRAW: problem(409, "rate_not_used", detail="123")}),
)

_MORE: Final = listed(
    transfer(state="pending", settled=None, confirmations=3),
    transfer(state="failed", settled=None, confirmations=None),
    transfer(kind="other_token", settled=None),
    transfer(kind="refund", settled=None, registration_id=None, registration_number=None),
    transfer(network="same_moon", settled="ignored"),
)
_TRANSFER_LIST: Final = (
    Example(_TRANSFERS),
    Example(f"{_TRANSFERS}?state=pending&settled=none", answers={TRANSFERS: _MORE}),
    Example(f"{_TRANSFERS}?state=failed&cursor=x", answers={TRANSFERS: listed()}, state="nothing found"),
    Example(_TRANSFERS, answers={TRANSFERS: listed()}, state="none"),
)


def _one(state: str, found: dict[str, Any], query: str = "", answers: Answers | None = None) -> Example:
    return Example(f"{_TRANSFER}{query}", answers={ONE_TRANSFER: answer(found), **(answers or {})}, state=state)


_CHOSEN: Final = {"registration": SECOND}


def _assigning(status: int, code: str, found: dict[str, Any]) -> Example:
    answers = {ASSIGN: problem(status, code, detail="123"), ONE_TRANSFER: answer(found)}
    return Example(f"{_TRANSFER}?q=Sari", status, _CHOSEN, answers, state=code)


_ONE: Final = (
    Example(_TRANSFER),
    Example(f"{_TRANSFER}?done=assigned"),
    _one("kept", kept(), "?done=checked"),
    _one("kept, found", kept(), "?q=Sari"),
    _one("kept, not found", kept(), "?q=x", {LOOK_UP: listed()}),
    _one("too little", transfer(settled="ignored")),
    _one("a part", transfer(settled=None)),
    _one("pending", transfer(state="pending", settled=None)),
    _one("failed", transfer(state="failed", settled=None, confirmations=None)),
    _one("another token", transfer(kind="other_token", settled=None)),
    _one("refund", transfer(kind="refund", settled=None, registration_id=None, registration_number=None)),
    _one("another network", transfer(network="same_moon", registration_number=None)),
    Example(_TRANSFER, 422, {}, {ONE_TRANSFER: answer(kept())}, state="none chosen"),
    Example(_TRANSFER, 303, _CHOSEN),
    _assigning(409, "transfer_decided", transfer()),
    _assigning(409, "amount_mismatch", kept()),
    _assigning(409, "same_person", kept()),
    Example(f"{_TRANSFERS}/{KEY}", 404),
)

_BY_USDT: Final = verified(channel="usdt", payment_method="usdt", notes=None, source=f"usdt:{TRANSFER}")
_ELSEWHERE: Final = kept_money(channel="usdt", payment_method="usdt", reference=TRANSFER)
_TO_GIVE_BACK: Final = {**_ELSEWHERE, "state": "refund_due", "decided_at": at(-1), "decided_by": COLLEAGUE}

_CHECKS: Final = ("waiting", "not_found", "other_address", "too_little", "pending", "confirmed", "same_moon")
_NO_ADDRESS: Final = {"network": None, "address": None, "given_at": None}
_ENTERED_BY: Final = {"given_by": COLLEAGUE, "given_reason": "7b1"}
_NAMED: Final = {"network": "bsc", "address": FIRST[0], "given_at": at(-2)}
_AMOUNT: Final = {"amount": "21.02", "check": None, "checked_at": None}
_REFUNDED: Final = {"state": "done", "done_at": at(-1), "done_by": COLLEAGUE, "reference": HASH}


_REFUND: Final = f"/console/refunds/{REFUND}"
_KEPT: Final = f"/console/surplus/{MONEY}"


def _refund(usdt: dict[str, Any], /, **fields: Any) -> Answers:
    found = refund(payment_method="usdt", usdt_refund={**_AMOUNT, **usdt}, **fields)
    return {("GET", f"{PAYMENT}/refunds/{REFUND}"): answer(found)}


def _back(state: str, usdt: dict[str, Any], /, query: str = "", **fields: Any) -> Example:
    """Return the page of a refund in USDT."""
    return Example(_REFUND + query, answers=_refund(usdt, **fields), state=state)


def _kept_usdt(usdt: dict[str, Any], /, **fields: Any) -> Answers:
    return {ONE_KEPT: answer({**_TO_GIVE_BACK, "usdt_refund": {**_AMOUNT, **usdt}, **fields})}


def _kept(state: str, usdt: dict[str, Any], /, query: str = "", **fields: Any) -> Example:
    """Return the page of kept money that goes back in USDT."""
    return Example(_KEPT + query, answers=_kept_usdt(usdt, **fields), state=state)


_ADDRESS: Final = {"address_network": "bsc", "address_to": FIRST[0], "address_reason": "7b1"}
_CORRECTION: Final = {"correct_reference": HASH, "correct_reason": "7b1"}
_GONE: Final = {"state": "refunded", "refunded_at": at(-1), "refunded_by": COLLEAGUE, "refund_reference": HASH}
_UNPROVED: Final = {**_NAMED, "check": "not_found", "checked_at": at(-1)}


def _steps(page: str, api: str, open_: Answers, recorded: Answers) -> tuple[Example, ...]:
    """Return examples of entering an address and of correcting a transaction, for a refund or for kept money."""
    enter, correct = ("PUT", f"{api}/refund-address"), ("POST", f"{api}/correct")
    stored = httpx.Response(204)
    address, correction = f"{page}/refund-address", f"{page}/correct"
    fields = _wrong("network", "address", "reason")
    of_runner = problem(409, "refund_address_of_runner", detail="123")
    return (
        Example(address, 303, _ADDRESS, {enter: stored}, state="entered"),
        Example(address, 422, _ADDRESS, {**open_, enter: fields}, state="wrong address"),
        Example(address, 409, _ADDRESS, {**open_, enter: of_runner}, state="the runner named one"),
        Example(address, 503, _ADDRESS, {**open_, enter: _AWAY}, state="no answer to an address"),
        Example(correction, 303, _CORRECTION, {correct: stored}, state="corrected"),
        Example(correction, 422, {}, {**recorded, correct: _wrong("reference", "reason")}, state="no hash"),
        Example(correction, 409, _CORRECTION, {**recorded, correct: problem(409, "transaction_found", detail="123")}),
        Example(correction, 503, _CORRECTION, {**recorded, correct: _AWAY}, state="no answer to a correction"),
    )


_BACK_IN_USDT: Final = (
    _back("USDT, no address", _NO_ADDRESS),
    _back("USDT, address by staff", {**_NAMED, **_ENTERED_BY}, "?done=address"),
    _back("USDT, address by me, waits", {**_NAMED, **_ENTERED_BY, "given_by": ME}, state="waits_for_second"),
    _back("USDT, corrected", {**_NAMED, **_ENTERED_BY, "check": "waiting"}, "?done=corrected", **_REFUNDED),
    _back("USDT, with address", _NAMED),
    _back("USDT, recorded without address", _NO_ADDRESS, **_REFUNDED),
    *(_back(f"USDT, {each}", {**_NAMED, "check": each, "checked_at": at(-1)}, **_REFUNDED) for each in _CHECKS),
    *_steps(_REFUND, f"{PAYMENT}/refunds/{REFUND}", _refund(_NO_ADDRESS), _refund(_UNPROVED, **_REFUNDED)),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    _KEYS: _KEY_LIST,
    f"{_KEYS}/{{key_id}}": _ONE_KEY,
    _NETWORKS: _NETWORK_LIST,
    f"{_NETWORKS}/{{network}}": _ONE_NETWORK,
    _RATES: _RATE_PAGE,
    _TRANSFERS: _TRANSFER_LIST,
    f"{_TRANSFERS}/{{transfer_id}}": _ONE,
    "/console/surplus/{money_id}": (
        Example(f"/console/surplus/{MONEY}", answers={ONE_KEPT: answer(_ELSEWHERE)}, state="by a transfer of USDT"),
        Example(f"/console/surplus/{MONEY}", answers={ONE_KEPT: answer(_TO_GIVE_BACK)}, state="USDT to give back"),
        _kept("USDT to give back, no address", _NO_ADDRESS),
        _kept("USDT to give back, with address", _NAMED),
        _kept("USDT to give back, address by staff", {**_NAMED, **_ENTERED_BY}, "?done=address"),
        _kept("USDT that went back", _UNPROVED, "?done=corrected", **_GONE),
        *_steps(_KEPT, f"{PAYMENT}/surplus/{MONEY}", _kept_usdt(_NO_ADDRESS), _kept_usdt(_UNPROVED, **_GONE)),
    ),
}
"""Examples by the path of the route in Indonesian."""

PAYMENTS: Final[Mapping[str, tuple[Example, ...]]] = {
    "/console/payments/{payment_id}": (
        Example(
            f"/console/payments/{PROOF}",
            answers={("GET", f"{PAYMENT}/payments/{PROOF}"): answer(_BY_USDT)},
            state="by a transfer of USDT",
        ),
    ),
    "/console/refunds/{refund_id}": (
        Example(
            f"/console/refunds/{REFUND}",
            answers={("GET", f"{PAYMENT}/refunds/{REFUND}"): answer(refund(payment_method="usdt"))},
            state="of a transfer of USDT",
        ),
        *_BACK_IN_USDT,
    ),
}
"""Examples of other pages, which show the transfer by which money came."""
