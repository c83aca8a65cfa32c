"""The database's answer to COMMIT gets lost: a picture that may be evidence of a payment stays."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from chassis.database import UnitOfWork
from payment.proofs import commands
from sqlalchemy.ext.asyncio import AsyncSession

from .payment_world import Office

Losing = Callable[[bool], None]


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Losing:
    """From the call on the commit of a proof is not answered, whether it was `stored` or not."""
    commit, record = AsyncSession.commit, commands.record_proof
    of_proofs: list[AsyncSession] = []

    async def noting(work: UnitOfWork, *proof: Any) -> UUID:
        of_proofs.append(work.session)
        return await record(work, *proof)

    def begin(stored: bool) -> None:
        async def unanswered(session: AsyncSession) -> None:
            await (commit(session) if stored or session not in of_proofs else session.rollback())
            if session in of_proofs:
                raise ConnectionResetError("the answer got lost")

        monkeypatch.setattr(commands, "record_proof", noting)
        monkeypatch.setattr(AsyncSession, "commit", unanswered)

    return begin


async def test_a_proof_that_was_stored_without_an_answer_keeps_its_picture(office: Office, losing: Losing) -> None:
    entry = await office.registered()
    losing(True)
    assert (await office.upload(entry)).refused_with(503, "outcome_unknown")

    (waiting,) = await office.review_list()
    picture = await office.call("GET", f"/payments/{waiting['payment_id']}/proof")
    assert (picture.status, len(office.stored())) == (200, 1)
    assert (await office.upload(entry)).refused_with(409, "proof_pending")


async def test_the_picture_of_a_proof_that_was_not_stored_is_left_to_the_sweep(office: Office, losing: Losing) -> None:
    entry = await office.registered()
    losing(False)
    assert (await office.upload(entry)).refused_with(503, "outcome_unknown")
    assert await office.review_list() == []
    assert len(office.stored()) == 1
