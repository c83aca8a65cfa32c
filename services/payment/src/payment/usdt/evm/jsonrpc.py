"""JSON-RPC 2.0 over HTTP, and the ways in which an endpoint fails.

The URL of an endpoint usually contains a key. It is in no error, and neither is what httpx or pydantic say of one.
"""

import asyncio
import re
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import httpx
from chassis.answers import AnswerTooLarge, fetch, read_json
from chassis.outward import PrivateAddress

TIMEOUT: Final = 10.0
"""Seconds for a request, until the last byte of its answer."""

MOST_BYTES: Final = 8 << 20
"""Of an answer: the logs of one question may be ten thousand, each of 700 bytes."""

_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_LONGEST_MESSAGE: Final = 200
_SHORTEST_SECRET: Final = 8
_SECRETS: Final = re.compile(r"[^/?&=#:@]+")

# Error codes and wordings of Alchemy, Infura, QuickNode, Base and The RPC.
_THROTTLED: Final = frozenset({_TOO_MANY_REQUESTS, -32007, -32012, -32016, -32029})
_THROTTLING: Final = re.compile(
    r"rate.?limit|too many requests|requests? (?:count|limit|rate)|per second|/sec|compute units|quota|throttl|credits"
)


class EndpointError(Exception):
    """An endpoint did not answer a question. The text is for logs and names at most the host."""


class EndpointDown(EndpointError):
    """The endpoint cannot be reached, is too slow, throttles, or does not answer in JSON."""


class EndpointPrivate(EndpointDown):
    """The endpoint has an address of the platform's own network, and was not connected to."""


class EndpointFloods(EndpointDown):
    """The endpoint sends more than `MOST_BYTES`: a smaller question may be answered."""


class EndpointRefused(EndpointError):
    """The endpoint answered with an error of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class BatchRefused(EndpointRefused):
    """The endpoint answered a batch with one error: it takes smaller ones, or none."""


class EndpointLies(EndpointError):
    """The answer is not one to the question."""


class JsonRpc:
    """A connection to an endpoint.

    Args:
        url: with http or https.
        http: the caller closes it.

    Attributes:
        host: of the URL.
        calls: number of requests sent; a batch is one.

    Raises:
        ValueError: the URL cannot be used.
    """

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.host = _host(url)
        self.calls = 0
        self._url = url
        self._http = http
        self._ids = count(1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.host!r})"

    async def call(self, method: str, *params: Any) -> Any:
        """Return the result of a method.

        Raises:
            EndpointDown, EndpointRefused, EndpointLies.
        """
        question = self._question(method, params)
        return self._result(await self._post(question), question["id"])

    async def batch(self, method: str, each: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the results of a method for several lists of parameters, in their order, by one request.

        Raises:
            EndpointDown, EndpointLies.
            EndpointRefused: one of the calls is refused. BatchRefused: the batch is.
        """
        questions = [self._question(method, params) for params in each]
        answers = await self._post(questions)
        if not isinstance(answers, list):
            raise self._batch_refusal(answers)
        by_id = {answer["id"]: answer for answer in answers if _is_numbered(answer)}
        return [self._result(by_id.get(question["id"]), question["id"]) for question in questions]

    def _question(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}

    async def _post(self, body: Any) -> Any:
        self.calls += 1
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._ask_for(body)
        except AnswerTooLarge:
            raise EndpointFloods(f"{self.host}: an answer of more than {MOST_BYTES} bytes") from None
        except PrivateAddress:
            raise EndpointPrivate(f"{self.host}: a private address") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise EndpointDown(f"{self.host}: {type(error).__name__}") from None
        return self._read(answer)

    async def _ask_for(self, body: Any) -> httpx.Response:
        return await fetch(
            self._http, "POST", self._url, most=MOST_BYTES, json=body, timeout=TIMEOUT, follow_redirects=False
        )

    def _read(self, answer: httpx.Response) -> Any:
        """Return the JSON of an answer. Refusals also come with HTTP statuses from 400 to 499."""
        status = answer.status_code
        if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            raise EndpointDown(f"{self.host}: HTTP {status}")
        try:
            body = read_json(answer)
        except ValueError:
            raise EndpointDown(f"{self.host}: HTTP {status}, not JSON") from None
        if not answer.is_success and not (isinstance(body, dict) and body.get("error")):
            raise EndpointDown(f"{self.host}: HTTP {status}")
        return body

    def _result(self, answer: Any, number: int) -> Any:
        if isinstance(answer, dict) and answer.get("error") is not None:
            raise self._refusal(answer["error"])
        if not _is_numbered(answer) or answer["id"] != number or "result" not in answer:
            raise EndpointLies(f"{self.host}: not an answer of JSON-RPC")
        return answer["result"]

    def _batch_refusal(self, answer: Any) -> EndpointError:
        if not isinstance(answer, dict) or answer.get("error") is None:
            return EndpointLies(f"{self.host}: not an answer to a batch")
        refusal = self._refusal(answer["error"])
        return BatchRefused(refusal.code, refusal.message) if isinstance(refusal, EndpointRefused) else refusal

    def _refusal(self, error: Any) -> EndpointDown | EndpointRefused:
        stated = error if isinstance(error, dict) else {"message": error}
        code = stated.get("code")
        code = code if isinstance(code, int) else 0
        message = self._without_secrets(str(stated.get("message") or ""))[:_LONGEST_MESSAGE]
        if code in _THROTTLED or _THROTTLING.search(message.lower()):
            return EndpointDown(f"{self.host}: throttled")
        return EndpointRefused(code, message)

    def _without_secrets(self, message: str) -> str:
        """Return a message without the parts of the URL that may be a key, as some providers repeat it."""
        for part in _SECRETS.findall(self._url):
            if len(part) >= _SHORTEST_SECRET and part != self.host:
                message = message.replace(part, "…")
        return message


def _is_numbered(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("id"), int)


def _host(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("not a URL") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError("not a URL with http or https")
    return parsed.host
