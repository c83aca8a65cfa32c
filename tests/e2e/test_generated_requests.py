"""Requests generated from the OpenAPI documents as they are served, by everybody who may call.

Nothing may be answered with a 5xx, an undeclared status or media type, or a body that its schema does not describe.
`make fuzz` sends more of them.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import pytest
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.race import open_race
from standalone.services import SERVICES

from .conftest import StartPlatform

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "3")
SECONDS = os.environ.get("FUZZ_SECONDS", "8")
_CALLERS = ("owner", "runner", "nobody")
_TOGETHER = 2
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
_LEFT_OUT = frozenset(
    {
        "POST /api/identity/v1/logout",
        "POST /api/identity/v1/refresh",
        "DELETE /api/identity/v1/me/sessions/{session_id}",
        "DELETE /api/identity/v1/staff/{staff_id}/sessions",
        "GET /api/registration/v1/registrations/{registration_id}/stream",
    }
)
"""They end the session that the calls are made in, as ids of earlier answers are used again, or answer for minutes."""

pytestmark = [pytest.mark.slow, pytest.mark.soak, pytest.mark.timeout(120 + 15 * (int(SECONDS) + 30))]


async def _runner(platform: PlatformProcess) -> str:
    """Return the token of somebody who is registered."""
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        [category] = await open_race(owner, [10])
        return (await Buyer.of(site, Crowd().form(category)).register()).token


async def _owner(platform: PlatformProcess) -> str:
    """Return a fresh token: one lives for minutes."""
    async with Site(platform.url) as site:
        return (await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)).token


async def _tried(platform: PlatformProcess, service: str, token: str | None, report: Path) -> tuple[int, str]:
    """Return the exit code and the output of generated calls to a service; `report` has them one by one."""
    arguments = [
        *("-m", "schemathesis.cli", "run", f"{platform.url}/api/{service}/v1/openapi.json"),
        *("--checks", ",".join(_CHECKS), "--max-examples", EXAMPLES, "--max-time", SECONDS),
        *("--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color"),
        *("--request-timeout", "10", "--warnings", "off"),
        *(part for operation in _LEFT_OUT for part in ("--exclude-name", operation)),
        *("--report-ndjson-path", str(report)),
        *(("--header", f"Authorization: Bearer {token}") if token else ()),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")


async def test_generated_requests_are_answered_as_the_documents_say(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    platform = await start_platform()
    runner = await _runner(platform)
    turns = asyncio.Semaphore(_TOGETHER)

    async def tried(service: str, caller: str) -> tuple[str, int, str]:
        async with turns:
            name = f"{service} as {caller}"
            token = {"owner": await _owner(platform), "runner": runner}.get(caller)
            found = name, *await _tried(platform, service, token, tmp_path / name)
            assert caller != "owner" or await _is_good(platform, token), f"{name}: the calls ended their own session"
            return found

    found = await asyncio.gather(*(tried(each.name, caller) for each in SERVICES for caller in _CALLERS))

    wrong = {name: output[-6000:] for name, code, output in found if code != 0}
    assert not wrong, "\n".join(f"== {name}\n{output}" for name, output in wrong.items())
    for service in SERVICES:
        operations = await _operations(platform, service.name)
        for caller in _CALLERS:
            name = f"{service.name} as {caller}"
            assert operations - _reached(tmp_path / name) == operations & _LEFT_OUT, name


async def _is_good(platform: PlatformProcess, token: str | None) -> bool:
    async with Site(platform.url) as site:
        answer = await site.call("GET", "/identity/v1/me", token=token, expect=(200, 401))
    return answer.status_code == httpx.codes.OK


async def _operations(platform: PlatformProcess, service: str) -> set[str]:
    """Return what the document of a service describes, such as `GET /api/payment/v1/refunds`."""
    async with Site(platform.url) as site:
        document = (await site.call("GET", f"/{service}/v1/openapi.json")).json()
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


def _reached(report: Path) -> set[str]:
    """Return the operations to which a request was sent and answered."""
    scenarios = [json.loads(line).get("ScenarioFinished") for line in report.read_text().splitlines()]
    recorded = [each["recorder"] for each in scenarios if each]
    return {
        each["label"]
        for each in recorded
        if any(interaction.get("response") for interaction in each.get("interactions", {}).values())
    }
