"""What payment may answer about USDT that the simulated chain shows for moments only, or not at all."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import httpx

from .front import Fault, Send

_Answer: TypeAlias = dict[str, Any]
_Change: TypeAlias = Callable[[_Answer], _Answer]

_PAYMENT: Final = "/usdt"
_OFFERS: Final = "/usdt/networks"
_SETTINGS: Final = "/usdt/networks/settings"
_CHAINS: Final = "/usdt/chains"
_KEYS: Final = "/usdt/keys"
_RATES: Final = "/usdt/rates"
_TRANSFERS: Final = "/usdt/transfers"

_HASH: Final = f"0x{'5e' * 32}"


def _changed(changes: Mapping[str, _Change]) -> Fault:
    """Return a fault that changes answers to GET, by the end of the address."""

    async def fault(request: httpx.Request, send: Send) -> httpx.Response:
        answer = await send(request)
        change = next((each for end, each in changes.items() if request.url.path.endswith(end)), None)
        if change is None or request.method != "GET" or answer.status_code != HTTPStatus.OK:
            return answer
        await answer.aread()
        return httpx.Response(HTTPStatus.OK, json=change(answer.json()), request=request)

    return fault


def _each_item(**values: Any) -> _Change:
    return lambda answer: {**answer, "items": [{**each, **values} for each in answer["items"]]}


def _no_items(**values: Any) -> _Change:
    return lambda answer: {**answer, "items": [], **values}


def _transfer(amount: str, state: str, **values: Any) -> _Answer:
    made = {"network": "polygon", "tx_hash": _HASH, "block_time": datetime.now(UTC).isoformat(), "confirmations": 2}
    return {**made, "amount": amount, "state": state, "is_usdt": True, **values}


def _in_full(payment: _Answer) -> _Answer:
    arrived = _transfer(payment["amount"], "pending")
    return {**payment, "status": "seen", "received": payment["amount"], "missing": "0", "transfers": [arrived]}


def _undone(payment: _Answer) -> _Answer:
    return {**payment, "transfers": [_transfer(payment["amount"], "failed", confirmations=None)]}


def _over(payment: _Answer) -> _Answer:
    return {**payment, "locked_until": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}


def _all_but_one(answer: _Answer) -> _Answer:
    troubled, small = {"available": False, "reason": "trouble"}, {"available": True, "reason": None}
    own: Mapping[str, _Answer] = {"bsc": troubled, "ethereum": {**small, "minimum_order": "1500000.00"}}
    return {**answer, "items": [{**each, **own.get(each["network"], small)} for each in answer["items"]]}


seen: Final = _changed({_PAYMENT: _in_full})
"""Enough is in a block, and not confirmed yet."""

taken_back: Final = _changed({_PAYMENT: _undone})
"""The chain has taken back what was seen."""

amount_over: Final = _changed({_PAYMENT: _over})
"""The time for which the amount holds is over."""

in_trouble: Final = _changed({_OFFERS: _each_item(available=False, reason="trouble")})
"""The network could not be read for long."""

without_rate: Final = _changed({_OFFERS: _each_item(available=False, reason="no_rate")})
"""There is no exchange rate."""

one_in_trouble: Final = _changed({_OFFERS: _all_but_one})
"""All networks are offered: one cannot be read, and the fees of another are too high for small invoices."""


async def rate_lost(request: httpx.Request, send: Send) -> httpx.Response:
    """The exchange rate went away while the runner looked at the networks."""
    if request.method == "POST" and request.url.path.endswith(_PAYMENT):
        problem = {"code": "rate_unavailable", "detail": "-", "status": 503}
        return httpx.Response(503, json=problem, headers={"Retry-After": "60"}, request=request)
    return await send(request)


nothing_yet: Final = _changed(
    {
        _KEYS: _no_items(),
        _SETTINGS: _each_item(enabled=False, endpoints=[], probed_at=None, updated_at=None),
        _OFFERS: _each_item(available=False, reason="not_ready"),
        _CHAINS: _no_items(),
        _RATES: _no_items(current=None, reason="no_answer", sources=[]),
        _TRANSFERS: _no_items(),
        "/surplus": _no_items(),
    }
)
"""The organisers have entered nothing, and nothing has arrived."""

all_in_trouble: Final = _changed(
    {
        _OFFERS: _each_item(available=False, reason="trouble"),
        _CHAINS: _each_item(stopped=True, trouble="too_deep", trouble_since="2026-01-02T03:04:05+00:00"),
        _RATES: lambda answer: {**answer, "current": None, "reason": "jump"},
        _TRANSFERS: _each_item(state="failed", confirmations=None, settled=None),
    }
)
"""No network and no rate can be used, and no transfer is in the chain any more."""
