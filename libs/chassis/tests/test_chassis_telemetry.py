"""Logs are for machines first, hold together by their correlation id, and name nobody."""

import asyncio
import json
import subprocess
import sys
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from chassis.telemetry import correlated, correlation_id

LOGS = Path(__file__).parent / "programs" / "logs.py"


@pytest.fixture
async def logged(url: str) -> list[dict[str, Any]]:
    """What a process of ours wrote to its standard error, line by line."""
    command = [sys.executable, str(LOGS), url]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=25)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


async def test_a_process_logs_json_lines_that_hold_together_and_name_nobody(logged: list[dict[str, Any]]) -> None:
    by_event = {line["event"]: line for line in logged}

    sent = by_event["ticket_sent"]
    assert (sent["correlation_id"], sent["participant_id"]) == ("request-7", "p-1")
    assert (sent["logger"], sent["level"]) == ("example", "info")
    assert sent["timestamp"].endswith("Z")
    assert by_event["ticket_drawn"]["level"] == "debug"
    library = by_event["as slow as ever"]
    assert (library["correlation_id"], library["logger"], library["level"]) == ("request-7", "a.library", "warning")

    ours = by_event["mistake_of_ours"]["exception"]
    assert ours.index("KeyError: 'desk'") < ours.index("LookupError: the desk is closed")
    assert 'File "' in ours

    refused = by_event["unforeseen_error"]["exception"]
    assert "UniqueViolationError" in refused
    assert "in sign_up_sari" in refused, "the place is told, only the row is not"
    retried = [line for line in logged if line["logger"] == "startline.retries" and line["level"] == "error"]
    assert retried
    assert any(line["event"].startswith("event_parked") for line in logged)
    for line in logged:
        assert "sari@example.com" not in json.dumps(line)
        assert "secret" not in json.dumps(line)


async def test_a_correlation_id_belongs_to_one_task_and_what_it_starts() -> None:
    async def seen() -> str:
        await asyncio.sleep(0)
        return correlation_id()

    async def request(identifier: str) -> tuple[str, str]:
        with correlated(identifier):
            return await seen(), await asyncio.create_task(seen())

    found = tuple(await asyncio.gather(request("one"), request("two")))

    assert found == (("one", "one"), ("two", "two"))


async def test_what_nobody_asked_for_gets_an_id_of_its_own_and_keeps_it() -> None:
    async def made() -> tuple[str, str]:
        return correlation_id(), correlation_id()

    (first, again), (other, _) = [await asyncio.create_task(made(), context=Context()) for _ in range(2)]

    assert first == again != other
