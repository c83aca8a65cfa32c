"""An endpoint of a node: JSON-RPC over HTTP, with the faults of real ones.

Source: https://www.jsonrpc.org/specification
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from simulators.chain.chain import Chain
from simulators.chain.encoding import data, word
from simulators.chain.errors import InvalidRequest, Refused
from simulators.chain.faults import Lie, RangeRefusal, address_wanted, batch_too_large, range_refusal
from simulators.chain.filters import parse_filter, parse_range
from simulators.chain.methods import call_method, parameter
from simulators.chain.views import View

_PAGE = b"<!doctype html><title>Welcome</title>"
_THROTTLED = {"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": "rate limit exceeded"}}
_DECIMALS_CALL = "0x313ce567"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: HTTPStatus
    content: bytes
    media_type: str = "application/json"


@dataclass(slots=True)
class Endpoint:
    """Shows a chain. Every fault can be set and removed at any time.

    Attributes:
        down: does not accept connections; served over HTTP it answers 503.
        lag: blocks that it is behind the chain.
        forgets: newest blocks whose logs are missing, without an error.
        log_range: most blocks in a filter; None if it is not limited.
        range_refusal: how a longer range is refused.
        state_blocks: newest blocks of which balances are known; None for all, as archive nodes do.
        needs_address: a filter must name the token.
        batch_limit: most calls in a batch; None if it is not limited.
        throttled: answers 429.
        lies: how answers are wrong; None if they are right.
        calls: how often each method was called.
        requests: how many HTTP requests arrived.
    """

    chain: Chain
    down: bool = False
    lag: int = 0
    forgets: int = 0
    log_range: int | None = None
    range_refusal: RangeRefusal = RangeRefusal.RETH
    state_blocks: int | None = None
    needs_address: bool = False
    batch_limit: int | None = None
    throttled: bool = False
    lies: Lie | None = None
    calls: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def reply(self, content: bytes) -> Reply:
        """Answer an HTTP request."""
        self.requests += 1
        if self.down:
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE, b"no healthy upstream", "text/plain")
        if self.throttled:
            return _json_reply(_THROTTLED, HTTPStatus.TOO_MANY_REQUESTS)
        if self.lies is Lie.NOT_JSON:
            return Reply(HTTPStatus.OK, _PAGE, "text/html")
        try:
            body = json.loads(content)
        except ValueError:
            return _json_reply(_error_body(None, Refused(-32700, "parse error")), HTTPStatus.BAD_REQUEST)
        if isinstance(body, list):
            return _json_reply(self.answer(body), HTTPStatus.OK)
        return _json_reply(*self._answer(body))

    def answer(self, body: Any) -> Any:
        """Answer a call or a batch of calls. A batch is answered backwards, as any order is allowed."""
        if not isinstance(body, list):
            return self._answer(body)[0]
        if not body:
            return _error_body(None, InvalidRequest())
        if self.batch_limit is not None and len(body) > self.batch_limit:
            return _error_body(None, batch_too_large())
        return [self._answer(each)[0] for each in reversed(body)]

    def _answer(self, body: Any) -> tuple[dict[str, Any], HTTPStatus]:
        call_id = body.get("id") if isinstance(body, dict) else None
        try:
            result = self._result(body)
        except Refused as refused:
            return _error_body(call_id, refused), refused.status
        return {"jsonrpc": "2.0", "id": call_id, "result": result}, HTTPStatus.OK

    def _result(self, body: Any) -> Any:
        if not isinstance(body, dict) or body.get("jsonrpc") != "2.0" or not isinstance(body.get("method"), str):
            raise InvalidRequest
        method, params = body["method"], body.get("params", [])
        if not isinstance(params, list):
            raise InvalidRequest
        self.calls[method] += 1
        if method == "eth_getLogs":
            self._require_allowed(parse_filter(parameter(params, 0)))
        result = call_method(self._view(), method, params)
        return result if self.lies is None else _falsify(self.lies, method, params, result)

    def _require_allowed(self, sent: Mapping[str, Any]) -> None:
        """Raise `Refused` if the provider does not serve a filter."""
        if self.needs_address and not sent.get("address"):
            raise address_wanted()
        if self.log_range is None or "blockHash" in sent:
            return
        asked = len(parse_range(sent, self._view()))
        if asked > self.log_range:
            raise range_refusal(self.range_refusal, asked=asked, limit=self.log_range)

    def _view(self) -> View:
        head = max(0, self.chain.head - self.lag)
        oldest_state = 0 if self.state_blocks is None else head - self.state_blocks + 1
        return View(self.chain, head, indexed=head - self.forgets, oldest_state=oldest_state)


def _falsify(lie: Lie, method: str, params: list[Any], result: Any) -> Any:
    if lie is Lie.GARBAGE:
        return {"unexpected": True}
    if lie is Lie.CHAIN_ID and method == "eth_chainId":
        return hex(int(result, 16) + 1)
    if lie is Lie.DECIMALS and result != "0x" and method == "eth_call" and _DECIMALS_CALL in params[0].values():
        return data(word(int(result, 16) + 2))
    return result


def _error_body(call_id: Any, refused: Refused) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call_id, "error": {"code": refused.code, "message": refused.message}}


def _json_reply(body: Any, status: HTTPStatus) -> Reply:
    return Reply(status, json.dumps(body).encode())
