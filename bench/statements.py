"""Line 17: a bank statement is imported while thousands of invoices are open."""

import asyncio
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from chassis.clock import utcnow
from chassis.secrets import new_key
from testkit.databases import plain
from testkit.tokens import Issuer

from bench.processes import Process, processes
from bench.report import Figure, Report, Target
from bench.staff import public_keys
from bench.stage import Stages, Violation, settle

_IMPORT = 17
LINES = frozenset({_IMPORT})

_APPLICATION = "payment.service:SERVICE.create_app"
_PATH = "/api/payment/v1/statements"
_INVOICES = 5_000
_AT_MOST_SECONDS = {10_000: 5, 50_000: 25}  # by lines; the gateway waits for 30
_PRICE = 150_000
_NAMED = 2  # of so many lines one has a registration's number
_MEGA = 1024  # kB, in which Linux counts


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:  # noqa: ARG001
    """The figures of these lines. An import takes as long as it takes, whatever `seconds` are."""
    if not LINES.intersection(lines):
        return
    issuer = Issuer()
    with stages.database("payment") as url, public_keys(issuer) as jwks_url, tempfile.TemporaryDirectory() as folder:
        numbers = asyncio.run(open_invoices(url, _INVOICES))
        with _api(url, jwks_url, Path(folder)) as api:
            before = _peak(api)
            for size in _AT_MOST_SECONDS:
                report.add(_imported(api, issuer, numbers, size))
                report.add(Figure(_IMPORT, f"peak memory of the process after {size} lines", [_peak(api)], "MB"))
        report.add(Figure(_IMPORT, "peak memory of the process before", [before], "MB"))


async def open_invoices(url: str, number: int) -> Sequence[str]:
    """Write open invoices, and return the numbers of their registrations."""
    now = utcnow() - timedelta(days=1)
    rows = [_invoice(count, now) for count in range(number)]
    connection = await asyncpg.connect(plain(url))
    await connection.copy_records_to_table(
        "invoices", records=[tuple(row.values()) for row in rows], columns=[*rows[0]]
    )
    await connection.close()
    await settle(url)
    return [row["registration_number"] for row in rows]


def _invoice(count: int, at: datetime) -> dict[str, Any]:
    return {
        "registration_id": UUID(int=count + 1),
        "registration_number": f"FR5K-{count:05}",
        "payer_name": f"{_word(count)} {_word(count // 7)}",
        "amount": Decimal(_PRICE),
        "currency": "IDR",
        "revision": 0,
        "expires_at": at + timedelta(days=3),
        "status": "open",
        "created_at": at,
        "updated_at": at,
    }


def _word(count: int) -> str:
    """A word of letters that few numbers share."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{count * 7919 % 100_000:05}")


@contextmanager
def _api(url: str, jwks_url: str, folder: Path) -> Iterator[Process]:
    environment = {
        "DATABASE_URL": url,
        "BROKER_URL": "amqp://unused",
        "SECRET_KEYS": new_key(),
        "STAFF_JWKS_URL": jwks_url,
        "RUNNER_JWKS_URL": jwks_url,
        "PROOF_STORE": folder.as_uri(),
        "LOG_LEVEL": "ERROR",
    }
    with processes(_APPLICATION, environment) as [api]:
        yield api


def _imported(api: Process, issuer: Issuer, numbers: Sequence[str], size: int) -> Figure:
    file = _statement(numbers, size).encode()
    began = time.perf_counter()
    answer = httpx.post(
        f"{api.url}{_PATH}", files={"file": ("mutasi.csv", file)}, headers=issuer.staff(), timeout=120.0
    )
    took = time.perf_counter() - began
    if answer.status_code != httpx.codes.CREATED:
        raise Violation(f"a statement: {answer.status_code} {answer.text[:200]}")
    added = answer.json()
    if (added["lines"], added["repeated"]) != (size, 0) or not added["matched"]:
        raise Violation(f"of {size} lines were added: {added}")
    note = f"{len(file) / 2**20:.1f} MB, {added['matched']} sure"
    what, target = f"{size} lines imported, {_INVOICES} invoices open", Target(ceiling=_AT_MOST_SECONDS[size])
    return Figure(_IMPORT, what, [took], "s", target, note)


def _statement(numbers: Sequence[str], size: int) -> str:
    """Text of BNI's export, of a size of its own, so that no file has lines of another."""
    day = utcnow().date()
    rows = ["Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit"]
    for count in range(size):
        who = numbers[count % len(numbers)] if count % _NAMED else f"{_word(count)} {_word(count // 7)}"
        rows.append(f"{day:%d/%m/%y},,0259,{size}{count},TRF {who} {size}-{count},.00,{_PRICE}.00")
    return "\n".join([*rows, ""])


def _peak(api: Process) -> float:
    status = Path(f"/proc/{api.pid}/status").read_text()
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak) / _MEGA
