"""The plugin in a test run of its own, with a service as small as one can be."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from testkit.servers import Server

_SERVICE = {
    "tinyservice/__init__.py": "",
    "tinyservice/migrations/env.py": """
        from chassis.migrations import run
        from sqlalchemy import MetaData

        run(MetaData())
    """,
    "tinyservice/migrations/versions/0001_runners.py": """
        from alembic import op

        revision = "0001"
        down_revision = None

        def upgrade() -> None:
            op.execute("CREATE TABLE runner (name text PRIMARY KEY)")
    """,
    "test_it.py": """
        import asyncpg

        seen = []

        async def count(url):
            connection = await asyncpg.connect(url.replace("+asyncpg", ""))
            await connection.execute("INSERT INTO runner VALUES ('Sari')")
            seen.append(await connection.fetchval("SELECT current_database()"))
            found = await connection.fetchval("SELECT count(*) FROM runner")
            await connection.close()
            return found

        async def test_first(fresh_database):
            assert await count(await fresh_database("tinyservice")) == 1
            assert await count(await fresh_database("tinyservice")) == 1

        async def test_second(fresh_database, broker_prefix):
            assert await count(await fresh_database("tinyservice")) == 1
            assert len(set(seen)) == 3

        def test_third(postgres_server):
            import asyncio
            async def left():
                connection = await asyncpg.connect(postgres_server.url)
                rows = await connection.fetch("SELECT datname FROM pg_database")
                await connection.close()
                return {row["datname"] for row in rows} & set(seen)
            assert asyncio.run(left()) == set(), "a test's databases are gone when it is over"
    """,
    "pytest.ini": """
        [pytest]
        asyncio_mode = auto
        asyncio_default_fixture_loop_scope = function
        filterwarnings = error
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in _SERVICE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return tmp_path


def test_every_test_gets_fresh_migrated_databases_that_are_gone_afterwards(
    project: Path, postgres_server: Server, rabbitmq_url: str
) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(project),
        "TEST_DATABASE_URL": postgres_server.url,
        "TEST_BROKER_URL": rabbitmq_url,
    }

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "testkit.plugin", "-q", str(project)],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "3 passed" in done.stdout, done.stdout + done.stderr
    assert "PostgreSQL: TEST_DATABASE_URL\nRabbitMQ: TEST_BROKER_URL" in done.stdout
