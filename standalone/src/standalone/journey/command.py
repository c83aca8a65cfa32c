"""`startline journey`: the whole journey on a running platform, and a check of all services afterwards."""

import sys
import time
from uuid import uuid4

from standalone.databases import reachable_server
from standalone.doctor.command import diagnose
from standalone.journey.browsers import open_browser
from standalone.journey.client import Site
from standalone.journey.people import Crowd
from standalone.journey.report import progress_lines, report
from standalone.journey.story import DEMANDS, Story
from standalone.settings import StandaloneSettings

_LONGEST_REHEARSED_HOUR = 60.0
_DOCTOR_WAITS = 60.0


async def play(settings: StandaloneSettings, url: str, *, simulators_url: str | None) -> int:
    """Run the journey. Return 0 if everything was as expected. It may be repeated: each run makes up other people."""
    started = time.perf_counter()
    progress = progress_lines(started)
    owner_password = settings.startline_owner_password
    owner = (settings.startline_owner_email, owner_password.get_secret_value() if owner_password else "")
    try:
        async with Site(url, simulators_url=simulators_url) as site, open_browser(url) as browser:
            story = Story(
                site,
                owner,
                progress,
                mark=uuid4().hex[:4].upper(),
                waits_for_expiry=settings.hour_seconds <= _LONGEST_REHEARSED_HOUR,
                browser=browser,
                crowd=Crowd(first=int(time.time()) % 100_000 * 1000),
            )
            await story.play(DEMANDS)
    except AssertionError as error:
        print(f"\nThe journey failed: {error}", file=sys.stderr)
        return 1
    progress("asking the doctor …")
    with reachable_server(settings) as server:
        diagnosis = await diagnose(server, wait=_DOCTOR_WAITS, pages_url=settings.pages_url)
    report(story.counts, diagnosis.as_json(), seconds=time.perf_counter() - started)
    return 0 if diagnosis.ok else 1
