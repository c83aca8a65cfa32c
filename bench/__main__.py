"""`make bench`: measures the platform against pgbench and against its promises. Prints a table, writes JSON.

`LINES="1 4"` picks lines, `BENCH_SECONDS` is the length of one measurement that everything else is a multiple of.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from embedded.postgres import EmbeddedPostgres

from bench import dashboard, messaging, pages, phone, pickup, pressure, rates, scale, sellout, statements, watching
from bench.report import Report, machine
from bench.stage import Stages, Violation

_THEMES = (rates, pressure, scale, dashboard, messaging, sellout, pages, pickup, phone, statements, watching)
_SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_connections")
_LOSSY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedPostgres(Path(folder) / "postgres")
        embedded.start()
        try:
            yield embedded.url
        finally:
            embedded.remove()


async def _server_settings(url: str) -> dict[str, Any]:
    connection = await asyncpg.connect(url)
    found = {name: await connection.fetchval(f"SHOW {name}") for name in _SETTINGS}
    await connection.close()
    lossy = [name for name, value in _LOSSY.items() if found[name] == value]
    if lossy:
        raise Violation(f"this server may lose what it committed: {', '.join(lossy)} off")
    return found


def _measure(report: Report, server_url: str, lines: set[int], seconds: int) -> None:
    stages = Stages(server_url)
    try:
        for theme in _THEMES:
            theme.measure(report, stages, lines, seconds=seconds)
    finally:
        stages.close()


def _wanted_lines() -> set[int]:
    existing = {line for theme in _THEMES for line in theme.LINES}
    wanted = {int(line) for line in os.environ.get("LINES", "").split()}
    if wanted - existing:
        sys.exit(f"There is no line {min(wanted - existing)}; LINES may name some of {sorted(existing)}.")
    return wanted or existing


def main() -> None:
    """Measure, print, write. Exits with 1 when the platform broke its word while it was measured."""
    lines = _wanted_lines()
    seconds = int(os.environ.get("BENCH_SECONDS", "4"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # what was started is ended, too
    with _server() as server_url:
        report = Report({**machine(), "postgresql": asyncio.run(_server_settings(server_url))})
        try:
            _measure(report, server_url, lines, seconds)
        except Violation as violation:
            sys.exit(f"A run with a violation has no speed: {violation}")
    print(f"\n{report.table()}\n\nwritten to {report.write()}")


if __name__ == "__main__":
    main()
