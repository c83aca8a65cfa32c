"""Where a comparison takes place: a database of its own, one hot category, and API processes on it."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import httpx
from chassis.migrations import upgrade
from chassis.secrets import new_key
from embedded.ports import free_port

from bench.client import post

PLACES = 2_000_000
API_WORKERS = 2


@dataclass(frozen=True)
class Stage:
    """A migrated database of registration with one category of very many places."""

    server_url: str
    name: str
    category_id: UUID
    event_id: UUID

    @property
    def url(self) -> str:
        """The stage's database."""
        return f"{self.server_url.rsplit('/', 1)[0]}/{self.name}"


@contextmanager
def set_up(server_url: str) -> Iterator[Stage]:
    """A stage that is gone afterwards."""
    name = f"startline_bench_{uuid4().hex[:8]}"
    asyncio.run(_execute(server_url, f'CREATE DATABASE "{name}"'))
    try:
        stage = Stage(server_url, name, uuid4(), uuid4())
        upgrade(stage.url.replace("postgresql://", "postgresql+asyncpg://"), "registration")
        asyncio.run(_open_category(stage))
        yield stage
    finally:
        asyncio.run(_execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def _open_category(stage: Stage) -> None:
    connection = await asyncpg.connect(stage.url)
    number = await connection.fetchval(
        "INSERT INTO events (id, name, slug, event_date, location, timezone, is_active, created_at, updated_at)"
        " VALUES ($1, 'Bench', 'bench', current_date + 90, 'here', 'UTC', true, now(), now()) RETURNING number",
        stage.event_id,
    )
    await connection.execute(
        "INSERT INTO race_categories (id, event_id, event_number, name, slug, price_individual, quota,"
        " registration_prefix, bib_start_number, bib_end_number, is_active, payment_deadline_hours, created_at,"
        " updated_at) VALUES ($1, $2, $3, 'Hot', 'hot', 100000, $4, 'HOT', 1, $4, true, 24, now(), now())",
        stage.category_id,
        stage.event_id,
        number,
        PLACES,
    )
    await connection.execute(
        "INSERT INTO category_places (category_id, quota, next_bib, bib_end) VALUES ($1, $2, 1, $2)",
        stage.category_id,
        PLACES,
    )
    await connection.close()


async def wrong(stage: Stage) -> list[str]:
    """Which invariants do not hold: a run with one of these has no speed."""
    connection = await asyncpg.connect(stage.url)
    taken = await connection.fetchval("SELECT taken FROM category_places")
    counts = {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608  # our own table names
        for table in ("registrations", "participants", "idempotency_keys", "outbox")
    }
    await connection.close()
    return [f"{table}: {count}, places taken: {taken}" for table, count in counts.items() if count != taken]


@contextmanager
def api_processes(stage: Stage) -> Iterator[int]:
    """The port of uvicorn with its workers; events stay in the outbox."""
    port = free_port()
    environment = {
        "DATABASE_URL": stage.url,
        "BROKER_URL": "amqp://unused",
        "SECRET_KEYS": new_key(),
        "STAFF_JWKS_URL": "http://127.0.0.1:1/unused",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "registration.app:create_app", "--port", str(port)]
    command += ["--workers", str(API_WORKERS), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    process = subprocess.Popen([*command, "--no-proxy-headers", "--log-level", "error"], env=environment)
    try:
        _wait_until_ready(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the API did not come up")


def registrations(stage: Stage, mark: str, count: int) -> list[bytes]:
    """So many requests of different people, ready to send."""
    person = {
        "gender": "male",
        "date_of_birth": "1990-01-31",
        "jersey_size": "l",
        "emergency_contact_name": "Siti",
        "emergency_contact_phone": "081298765432",
        "is_pic": True,
    }
    found = []
    for number in range(count):
        one = {
            "full_name": f"Budi {mark} {number}",
            "email": f"{mark}{number}@example.com",
            "whatsapp": f"0812{number:08d}",
        }
        form = {
            "category_id": str(stage.category_id),
            "registration_type": "individual",
            "participants": [one | person],
        }
        found.append(post("/api/registration/v1/registrations", json.dumps(form).encode(), key=f"{mark}-{number}"))
    return found
