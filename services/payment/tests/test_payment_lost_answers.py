"""An image whose transaction ended without an answer of the database is kept: it may be evidence of a payment."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from chassis.database import UnitOfWork
from payment.proofs import commands
from sqlalchemy.ext.asyncio import AsyncSession

from .payment_driver import PaymentDriver

LoseAnswers = Callable[[bool], None]


@pytest.fixture
def lose_answers(monkeypatch: pytest.MonkeyPatch) -> LoseAnswers:
    """Return a function from whose call on the commit of a proof is not answered, whether it is `stored` or not."""
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


async def test_a_proof_committed_without_an_answer_keeps_its_image(
    driver: PaymentDriver, lose_answers: LoseAnswers
) -> None:
    entry = await driver.register()
    lose_answers(True)
    assert (await driver.try_upload_proof(entry)).is_problem(503, "outcome_unknown")

    (waiting,) = await driver.review_list()
    (await driver.show_proof(UUID(waiting["payment_id"]))).require(200)
    assert len(driver.stored_images()) == 1
    assert (await driver.try_upload_proof(entry)).is_problem(409, "proof_pending")


async def test_the_image_of_a_proof_that_was_rolled_back_is_left_to_the_sweep(
    driver: PaymentDriver, lose_answers: LoseAnswers
) -> None:
    entry = await driver.register()
    lose_answers(False)
    assert (await driver.try_upload_proof(entry)).is_problem(503, "outcome_unknown")
    assert await driver.review_list() == []
    assert len(driver.stored_images()) == 1
