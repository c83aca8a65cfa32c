"""The judge of an outage is no blind witness: rows that tell of a lost place make it speak up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from testkit.databases import plain
from testkit.plugin import FreshDatabase

from .outage import judge
from .witness import Witness

KEPT = "paid in time -> place kept"
EXPIRED = "not paid in time -> expired"
PASSED_ON = "places of the unpaid -> first in line"
DEADLINE = datetime(2027, 3, 14, 12, tzinfo=UTC)
IN_TIME, TOO_LATE = DEADLINE - timedelta(seconds=1), DEADLINE + timedelta(seconds=1)


class Rows:
    """Plants what registration and payment hold of a category of single runners, without anything around it."""

    def __init__(self, databases: dict[str, str]) -> None:
        self.witness = Witness(databases, broker="")
        self.category_id = uuid4()
        self._databases = databases

    async def plant(self, service: str, table: str, **values: Any) -> None:
        connection = await asyncpg.connect(self._databases[service])
        try:
            await connection.execute("SET session_replication_role = replica")  # no foreign keys, no triggers
            numbered = ", ".join(f"${number}" for number in range(1, len(values) + 1))
            await connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({numbered})", *values.values())
        finally:
            await connection.close()

    async def registration(self, status: str, *, proof: datetime | None = None) -> None:
        registration_id = uuid4()
        common = {"currency": "IDR", "created_at": IN_TIME, "updated_at": IN_TIME, "expires_at": DEADLINE}
        await self.plant(
            "registration",
            "registrations",
            **self._single(registration_id, status),
            **common,
            registration_number=registration_id.hex,
            total_amount=1,
            payment_id=registration_id if status == "payment_verified" else None,
        )
        owed = {"registration_id": registration_id, "amount": 1, "registration_number": "NR-1", "payer_name": "Budi"}
        await self.plant("payment", "invoices", **owed, **common, status="proof_uploaded", revision=1)
        if proof is not None:
            await self._proof(registration_id, proof)

    async def _proof(self, registration_id: UUID, uploaded_at: datetime) -> None:
        picture = {"payment_proof_path": registration_id.hex, "proof_content_type": "", "proof_sha256": ""}
        paid = {"amount": 1, "currency": "IDR", "payment_method": "qris", "payment_date": uploaded_at}
        await self.plant(
            "payment",
            "payments",
            id=uuid4(),
            registration_id=registration_id,
            status="uploaded",
            uploaded_at=uploaded_at,
            **paid,
            **picture,
        )

    async def line(self, *statuses: str) -> None:
        for status in statuses:
            offered = {"offered_at": TOO_LATE, "offer_expires_at": TOO_LATE} if status != "waiting" else {}
            since = {"created_at": IN_TIME, "updated_at": IN_TIME}
            await self.plant("registration", "waitlist_entries", **self._single(uuid4(), status), **since, **offered)

    def _single(self, row_id: UUID, status: str) -> dict[str, Any]:
        single = {"registration_type": "individual", "total_participants": 1}
        return {"id": row_id, "event_id": uuid4(), "race_category_id": self.category_id, "status": status, **single}

    async def wrong(self) -> Sequence[str]:
        """The hops at which something is not as it should be."""
        verdict = await judge(self.witness, str(self.category_id))
        assert verdict.problems == []
        return [name for name, hop in verdict.hops.items() if not hop.ok]


@pytest.fixture
async def rows(fresh_database: FreshDatabase) -> Rows:
    return Rows({service: plain(await fresh_database(service)) for service in ("registration", "payment")})


async def test_nothing_is_wrong_when_who_paid_stays_and_the_next_in_line_gets_the_other_place(rows: Rows) -> None:
    await rows.registration("payment_uploaded", proof=IN_TIME)
    await rows.registration("payment_verified", proof=IN_TIME)
    await rows.registration("expired")
    await rows.registration("expired", proof=TOO_LATE)
    await rows.line("offered", "offered", "waiting")
    assert await rows.wrong() == []


async def test_a_paid_runner_who_expired_is_seen_and_so_is_who_got_the_place(rows: Rows) -> None:
    await rows.registration("expired", proof=IN_TIME)
    await rows.registration("expired")
    await rows.line("offered", "offered", "waiting")
    assert await rows.wrong() == [KEPT, EXPIRED, PASSED_ON]


@pytest.mark.parametrize("status", ["pending_payment", "payment_uploaded"])
async def test_an_unpaid_runner_who_keeps_the_place_is_seen(rows: Rows, status: str) -> None:
    await rows.registration("payment_uploaded", proof=IN_TIME)
    await rows.registration(status)
    await rows.line("waiting", "waiting")
    assert set(await rows.wrong()) >= {EXPIRED, PASSED_ON}


@pytest.mark.parametrize("line", [("waiting", "offered"), ("waiting", "waiting"), ("offered", "offered")])
async def test_a_place_that_goes_to_another_than_the_next_is_seen(rows: Rows, line: Sequence[str]) -> None:
    await rows.registration("payment_uploaded", proof=IN_TIME)
    await rows.registration("expired")
    await rows.line(*line)
    assert await rows.wrong() == [PASSED_ON]


@pytest.mark.parametrize("proof", [IN_TIME, None])
async def test_an_outage_in_which_everybody_or_nobody_paid_decides_nothing(rows: Rows, proof: datetime | None) -> None:
    await rows.registration("payment_uploaded" if proof else "expired", proof=proof)
    await rows.line("waiting", "waiting")
    verdict = await judge(rows.witness, str(rows.category_id))
    assert len(verdict.problems) == 1
