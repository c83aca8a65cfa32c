"""`startline demo`: the whole journey on a fresh platform, and a check of all services afterwards."""

import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from chassis.transports import declarations
from contracts.topology import Names

from standalone.databases import Server, drop_databases
from standalone.journey.browsers import open_browser
from standalone.journey.client import Site
from standalone.journey.process import OWNER_EMAIL, DidNotStart, PlatformProcess
from standalone.journey.report import progress_lines, report
from standalone.journey.story import DEMANDS, Story
from standalone.settings import StandaloneSettings

_REHEARSAL = {
    "HOUR_SECONDS": "30",  # an unpaid registration of the half marathon expires during the demo
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
            async with Site(platform.url) as site, open_browser(platform.url) as browser:
                story = Story(site, (OWNER_EMAIL, platform.owner_password), progress, browser=browser)
                await story.play(DEMANDS)
            progress("asking the doctor …")
            healthy, diagnosis = await platform.command("doctor", "--json", "--wait", "60")
            stopped = await platform.stop()
    except (AssertionError, DidNotStart) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    report(story.counts, json.loads(diagnosis), seconds=time.perf_counter() - started)
    print("\n".join(_where_to_look(settings, story)))
    return 0 if healthy == 0 and stopped == 0 else 1


def _where_to_look(settings: StandaloneSettings, story: Story) -> Sequence[str]:
    """Return lines with the addresses of the race that was played, or of the site if its data were deleted."""
    site = f"http://{settings.startline_host}:{settings.startline_port}"
    if settings.database_url is not None:
        return ["To look around yourself: make up, then open", f"  {site}/"]
    link = story.page_runner and story.page_runner.link
    return [
        f"To look at this race: STARTLINE_DATA={os.path.relpath(_data(settings))} make up, then open",
        f"  {site}/en/races/{story.race}",
        *([f"  {site}/en{link.path}    the page of a runner with a ticket"] if link else []),
    ]


def _data(settings: StandaloneSettings) -> Path:
    return settings.data / "demo"


@asynccontextmanager
async def _platform(settings: StandaloneSettings) -> AsyncIterator[PlatformProcess]:
    """Run a platform with its own data, databases and queues.

    Queues and the databases on a given PostgreSQL are deleted afterwards. An embedded PostgreSQL is kept until the next
    demo, to look at.
    """
    data = _data(settings)
    shutil.rmtree(data, ignore_errors=True)
    mark = uuid4().hex[:8]
    environment = {"BROKER_PREFIX": f"demo-{mark}."}
    if settings.database_url is not None:
        environment["STARTLINE_DATABASE_PREFIX"] = f"startline_demo_{mark}_"
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
