"""`startline demo`: the whole journey on a fresh platform, and a check of all services afterwards."""

import json
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from chassis.transports import declarations
from contracts.topology import Names

from standalone.databases import Server, drop_databases
from standalone.journey.client import Site
from standalone.journey.process import OWNER_EMAIL, DidNotStart, PlatformProcess
from standalone.journey.report import progress_lines, report
from standalone.journey.story import DEMANDS, Story
from standalone.settings import StandaloneSettings

_REHEARSAL = {
    "HOUR_SECONDS": "20",  # an unpaid registration of the half marathon expires during the demo
    "EXPIRY_GRACE_MINUTES": "0",
    "EXPIRY_SWEEP_SECONDS": "1",
    "LOG_LEVEL": "ERROR",
}


async def play(settings: StandaloneSettings) -> int:
    """Run the demo. Return 0 if everything was as expected."""
    started = time.perf_counter()
    progress = progress_lines(started)
    try:
        async with _platform(settings) as platform:
            progress(f"platform is up at {platform.url} ({_parts(settings)})")
            async with Site(platform.url) as site:
                story = Story(site, (OWNER_EMAIL, platform.owner_password), progress)
                await story.play(DEMANDS)
            progress("asking the doctor …")
            healthy, diagnosis = await platform.command("doctor", "--json", "--wait", "60")
            stopped = await platform.stop()
    except (AssertionError, DidNotStart) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    report(story.counts, json.loads(diagnosis), seconds=time.perf_counter() - started)
    print("To look around yourself: make up, then open")
    print("  http://127.0.0.1:8080/                        the races")
    print("  http://127.0.0.1:8080/simulators              messages that were sent")
    print("  http://127.0.0.1:8080/api/registration/v1/events")
    return 0 if healthy == 0 and stopped == 0 else 1


@asynccontextmanager
async def _platform(settings: StandaloneSettings) -> AsyncIterator[PlatformProcess]:
    """Run a platform with its own data, databases and queues, which are deleted afterwards."""
    data = settings.data / "demo"
    shutil.rmtree(data, ignore_errors=True)
    mark = uuid4().hex[:8]
    environment = {"STARTLINE_DATABASE_PREFIX": f"startline_demo_{mark}_", "BROKER_PREFIX": f"demo-{mark}."}
    platform = PlatformProcess(data, environment={**environment, **_REHEARSAL})
    try:
        async with platform:
            yield platform
    finally:
        if settings.broker_url is not None:
            await declarations.remove(settings.broker_url, Names(environment["BROKER_PREFIX"]))
        if settings.database_url is not None:
            await drop_databases(Server(settings.database_url, environment["STARTLINE_DATABASE_PREFIX"]))


def _parts(settings: StandaloneSettings) -> str:
    database = "your PostgreSQL" if settings.database_url else "embedded PostgreSQL"
    return f"{database}, {'RabbitMQ' if settings.broker_url else 'in-process events'}"
