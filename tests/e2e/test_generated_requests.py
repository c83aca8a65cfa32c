"""Requests generated from the OpenAPI documents as they are served, by everybody who may call.

Nothing may be answered with a 5xx, an undeclared status or media type, or a body that its schema does not describe.
`make fuzz` sends more of them.
"""

import asyncio
import os
import re
import sys

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
_ENDS_ITS_OWN_SESSION = "/(logout|sessions|refresh)"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 15 * (int(SECONDS) + 30))]


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


async def _tried(platform: PlatformProcess, service: str, token: str | None) -> tuple[int, str]:
    """Return the exit code and the output of generated calls to a service."""
    arguments = [
        *("-m", "schemathesis.cli", "run", f"{platform.url}/api/{service}/v1/openapi.json"),
        *("--checks", ",".join(_CHECKS), "--max-examples", EXAMPLES, "--max-time", SECONDS),
        *("--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color"),
        *("--exclude-path-regex", _ENDS_ITS_OWN_SESSION, "--request-timeout", "10", "--warnings", "off"),
        *(("--header", f"Authorization: Bearer {token}") if token else ()),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")


async def test_generated_requests_are_answered_as_the_documents_say(start_platform: StartPlatform) -> None:
    platform = await start_platform()
    runner = await _runner(platform)
    turns = asyncio.Semaphore(_TOGETHER)

    async def tried(service: str, caller: str) -> tuple[str, int, str]:
        async with turns:
            token = {"owner": await _owner(platform), "runner": runner}.get(caller)
            return f"{service} as {caller}", *await _tried(platform, service, token)

    found = await asyncio.gather(*(tried(each.name, caller) for each in SERVICES for caller in _CALLERS))

    wrong = {name: output[-6000:] for name, code, output in found if code != 0}
    assert not wrong, "\n".join(f"== {name}\n{output}" for name, output in wrong.items())
    assert min(_asked(output) for _, _, output in found) > 0


def _asked(output: str) -> int:
    """Return how many requests were generated."""
    found = re.search(r"(\d+) generated", output)
    return int(found[1]) if found else 0
