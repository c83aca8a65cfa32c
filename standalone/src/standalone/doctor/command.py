"""`startline doctor`."""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import httpx

from standalone.databases import Server, open_database, reachable_server
from standalone.doctor.broker import Broker, configured_broker, declare_again, examine_broker
from standalone.doctor.examination import Databases, examine
from standalone.doctor.findings import Diagnosis, Finding
from standalone.doctor.pages import examine_pages
from standalone.doctor.repair import repair
from standalone.services import SERVICES
from standalone.settings import StandaloneSettings

_BETWEEN_LOOKS = 1.0


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--wait",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="repeat for so long while something is wrong, as events may be on their way (default: 30)",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="have services republish what others missed, while the platform runs; then check again",
    )


def run(settings: StandaloneSettings, arguments: argparse.Namespace) -> int:
    """Print the findings. Return 0 if there are none, also with warnings, otherwise 1."""
    broker = configured_broker(settings)
    with reachable_server(settings) as server:
        diagnosis = asyncio.run(
            diagnose(server, wait=arguments.wait, broker=broker, pages_url=settings.pages_url, mend=arguments.repair)
        )
    print(json.dumps(diagnosis.as_json(), indent=2) if arguments.json else as_text(diagnosis))
    return 0 if diagnosis.ok else 1


async def diagnose(
    server: Server,
    *,
    wait: float,
    broker: Broker | None = None,
    pages_url: str | None = None,
    mend: bool = False,
) -> Diagnosis:
    """Examine until nothing is wrong or `wait` seconds have passed; what remains then is not an event on its way.

    Args:
        broker: examined as well; None for none.
        pages_url: base URL of the service of pages, which is examined as well; None for none.
        mend: repair the remaining findings, and examine again in the same way.
    """
    async with AsyncExitStack() as stack:
        databases = {}
        for service in SERVICES:
            databases[service.name] = open_database(server, service)
            stack.push_async_callback(databases[service.name].close)
        pages = None
        if pages_url is not None:
            pages = await stack.enter_async_context(httpx.AsyncClient(base_url=pages_url, trust_env=False))
        diagnosis = await _look(databases, broker, pages, wait)
        if diagnosis.ok or not mend:
            return diagnosis
        declared = broker is None or await declare_again(broker)
        repaired = await repair(diagnosis, databases)
        diagnosis = await _look(databases, broker, pages, wait)
        if not declared:
            diagnosis.found("broker_not_declared", "exchanges, queues and bindings could not be declared again")
        repaired.note(diagnosis)
        return diagnosis


async def _look(databases: Databases, broker: Broker | None, pages: httpx.AsyncClient | None, wait: float) -> Diagnosis:
    deadline = time.monotonic() + wait
    while True:
        diagnosis = await examine(databases)
        if broker is not None:
            await examine_broker(diagnosis, broker)
        if pages is not None:
            await examine_pages(diagnosis, pages)
        if diagnosis.ok or time.monotonic() >= deadline:
            return diagnosis
        await asyncio.sleep(_BETWEEN_LOOKS)


def as_text(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as text."""
    counted = [f"  {name.replace('_', ' ')}: {count}" for name, count in sorted(diagnosis.counts.items())]
    if diagnosis.ok and not diagnosis.warnings:
        return "\n".join(("All services agree, nothing is stuck.", *counted))
    parts = ["All services agree."] if diagnosis.ok else _listed("findings", diagnosis.findings)
    return "\n".join((*parts, *_listed("warnings", diagnosis.warnings), "Counted:", *counted))


def _listed(title: str, findings: Sequence[Finding]) -> list[str]:
    return [f"{len(findings)} {title}:", *(f"  {each}" for each in findings)] if findings else []
