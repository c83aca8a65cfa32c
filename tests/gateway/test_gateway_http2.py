"""Over HTTP/2, as browsers come, the gateway answers and limits the same."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import OpenGateway
from .server import Gateway

pytestmark = [pytest.mark.integration, pytest.mark.slow]

EVENTS = "/api/registration/v1/events"
JSON = ("-H", "Content-Type: application/json")
LOGIN = "/api/identity/v1/login"
PROOFS = "/api/payment/v1/invoices/8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11/proofs"
_OWN = r"\n%{stderr}%{http_version} %{http_code} %{content_type}\n"


@dataclass(frozen=True)
class Said:
    """What curl got: version, status and content type of each answer; and the body of the last one."""

    answers: list[tuple[str, str, str]]
    body: str

    @property
    def problem(self) -> Any:
        return json.loads(self.body.strip().splitlines()[-1])


async def _curl(gateway: Gateway, *paths: str, options: tuple[str, ...] = (), source: str = "127.0.0.66") -> Said:
    urls = [f"https://127.0.0.1:{gateway.tls_port}{path}" for path in paths]
    process = await asyncio.create_subprocess_exec(
        *("curl", "--no-progress-meter", "--output", "-", "--http2", "--insecure", "--interface", source),
        *("--write-out", _OWN, *options, *urls),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, written = await process.communicate()
    lines = [line.split(maxsplit=2) for line in written.decode().splitlines() if line]
    return Said([(line[0], line[1], line[2] if line[2:] else "") for line in lines], output.decode())


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> Gateway:
    """With TLS and what it negotiates."""
    return await open_gateway(https=True)


async def test_it_is_spoken_and_public_reads_are_served(gateway: Gateway) -> None:
    said = await _curl(gateway, EVENTS, EVENTS)

    assert said.answers == [("2", "200", "application/json")] * 2


@pytest.mark.parametrize(
    ("path", "options", "status", "code"),
    [
        ("/api/nowhere", (), 404, "not_found"),
        ("/metrics", (), 404, "not_found"),
        ("/api/x", ("-X", "TRACE"), 405, "method_not_allowed"),
        (LOGIN, (*JSON, "-d", "{}"), 422, "invalid_fields"),
    ],
)
async def test_an_error_is_a_problem_with_its_id(
    gateway: Gateway, path: str, options: tuple[str, ...], status: int, code: str
) -> None:
    said = await _curl(gateway, path, options=(*options, "-H", "X-Correlation-ID: mine-2"))

    assert said.answers == [("2", str(status), "application/problem+json")]
    assert (said.problem["status"], said.problem["code"], said.problem["correlation_id"]) == (status, code, "mine-2")


@pytest.mark.parametrize(
    ("path", "size", "length"),
    [(LOGIN, 65_537, ()), (LOGIN, 65_537, ("-H", "Content-Length:")), (PROOFS, 5_000_000, ())],
    ids=["its length is said", "it is not", "a picture"],
)
async def test_a_body_too_large_is_refused(
    gateway: Gateway, tmp_path: Path, path: str, size: int, length: tuple[str, ...]
) -> None:
    (tmp_path / "body").write_bytes(b"x" * size)

    said = await _curl(gateway, path, options=(*length, "--data-binary", f"@{tmp_path}/body"))

    assert [each[:2] for each in said.answers] == [("2", "413")]
    assert said.problem["code"] == "payload_too_large"


async def test_requests_of_one_connection_are_counted_for_their_address(gateway: Gateway) -> None:
    one_after_the_other = await _curl(gateway, *[LOGIN] * 20, options=(*JSON, "-d", "{}"))
    other = await _curl(gateway, LOGIN, options=(*JSON, "-d", "{}"), source="127.0.0.67")

    statuses = [status for _, status, _ in one_after_the_other.answers]
    assert statuses[:16] == ["422"] * 16
    assert "429" in statuses
    assert {version for version, _, _ in one_after_the_other.answers} == {"2"}
    assert [each[1] for each in other.answers] == ["422"]


async def test_streams_that_wait_are_counted_like_connections(open_gateway: OpenGateway) -> None:
    """Eight at once over each of four connections, where an address may have ten."""
    gateway = await open_gateway(https=True, changes={"limit_conn connections 200": "limit_conn connections 10"})
    slow = ("--parallel", "--parallel-max", "8", "--limit-rate", "4k", *JSON, "-d", "x" * 60_000)

    said = await asyncio.gather(*(_curl(gateway, *["/api/identity/v1/refresh"] * 8, options=slow) for _ in range(4)))

    statuses = [status for each in said for _, status, _ in each.answers]
    assert statuses.count("429") >= 8
    assert (await _curl(gateway, EVENTS, source="127.0.0.67")).answers[0][1] == "200"
