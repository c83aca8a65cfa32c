"""What happened decides, in whatever order it is heard."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts import (
    Payload,
    PaymentDeadlineMoved,
    PaymentMethod,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationExpired,
    RegistrationReopened,
)
from registration.entries import payments

from .conftest import Race

OrderedNews = Sequence[Payload]


class PaymentDouble:
    """Payment's half of one registration: it numbers its news and judges what was in time."""

    def __init__(self, race: Race, entry: dict[str, Any]) -> None:
        self._race = race
        self.id = UUID(entry["registration_id"])
        self._facts = {
            "registration_id": self.id,
            "amount": Decimal(entry["total_amount"]),
            "currency": "IDR",
        }
        self._sequence = 0

    def _next(self, payment_id: UUID) -> dict[str, Any]:
        self._sequence += 1
        return {**self._facts, "payment_id": payment_id, "sequence": self._sequence}

    def uploaded(self, payment_id: UUID, *, due_at: datetime | None = None) -> PaymentUploaded:
        method = PaymentMethod.QRIS
        return PaymentUploaded(
            **self._next(payment_id), payment_method=method, uploaded_at=self._race.clock(), due_at=due_at
        )

    def rejected(self, payment_id: UUID, *, hours: float = 24) -> PaymentRejected:
        now = self._race.clock()
        until = now + timedelta(hours=hours)
        return PaymentRejected(**self._next(payment_id), reason="unreadable", rejected_at=now, expires_at=until)

    def verified(self, payment_id: UUID, *, knowing: int | None = None) -> PaymentVerified:
        now = self._race.clock()
        return PaymentVerified(
            **self._next(payment_id), verified_at=now, verified_by=uuid4(), registration_revision=knowing
        )

    def moved(self, until: datetime) -> PaymentDeadlineMoved:
        sequence = self._next(uuid4())["sequence"]
        return PaymentDeadlineMoved(
            registration_id=self.id,
            expires_at=until,
            sequence=sequence,
            registration_revision=1,
            moved_at=self._race.clock(),
        )

    async def tells(self, *news: Payload) -> None:
        for each in news:
            await self._race.service.deliver(each, subject=self.id)


async def open_double(race: Race, **fields: Any) -> PaymentDouble:
    """A registration for the only place, and its invoice."""
    await race.open(quota=1, bibs=9, **fields)
    return PaymentDouble(race, await race.registered())


async def heard(race: Race, kind: type[Any]) -> list[Any]:
    return [event.payload for event in await race.service.published(kind)]


async def stands(race: Race, double: PaymentDouble) -> str:
    return await race.status(str(double.id))


def _proof_refusal_and_second_proof(race: Race, double: PaymentDouble) -> OrderedNews:
    """All accepted by payment as in time; the last long after the first deadline."""
    first, second = uuid4(), uuid4()
    race.clock.advance(timedelta(hours=23, minutes=59))
    news: list[Payload] = [double.uploaded(first)]
    race.clock.advance(timedelta(minutes=30))
    news.append(double.rejected(first))
    race.clock.advance(timedelta(minutes=30))
    return [*news, double.uploaded(second)]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_proofs_and_refusals_heard_after_an_expiry_end_the_same_in_every_order(
    race: Race, order: Sequence[int]
) -> None:
    double = await open_double(race)
    news = _proof_refusal_and_second_proof(race, double)
    await race.service.published(Payload)
    assert await race.sweep() == 1

    await double.tells(*(news[index] for index in order))

    assert await stands(race, double) == "payment_uploaded"
    assert (await race.places())["taken"] == 1


async def test_without_the_sequence_another_order_ends_differently(race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: each news is taken for the newest."""
    monkeypatch.setattr(payments, "_is_newer", lambda *_: True)
    double = await open_double(race)
    news = _proof_refusal_and_second_proof(race, double)

    await double.tells(*reversed(news))

    assert await stands(race, double) == "payment_uploaded"
    await double.tells(news[1])
    assert await stands(race, double) == "pending_payment"


async def test_a_refusal_by_a_fast_clock_does_not_outdate_the_proof_after_it(race: Race) -> None:
    double = await open_double(race)
    first = double.uploaded(uuid4())
    race.clock.advance(timedelta(seconds=100))
    refused = double.rejected(first.payment_id)
    race.clock.advance(timedelta(seconds=-90))
    second = double.uploaded(uuid4())

    await double.tells(first, refused, second)

    assert await stands(race, double) == "payment_uploaded"


async def test_a_revival_is_told_with_a_newer_revision(race: Race) -> None:
    double = await open_double(race)
    proof = double.uploaded(uuid4())
    await race.deadline_passes()

    await double.tells(proof)

    [gone], [back] = await heard(race, RegistrationExpired), await heard(race, RegistrationReopened)
    assert (gone.payment_sequence, back.payment_sequence) == (0, proof.sequence)
    assert back.revision > gone.revision
    assert not back.awaits_payment


async def test_a_refusal_revives_too_and_says_until_when_another_proof_is_welcome(race: Race) -> None:
    double = await open_double(race)
    refused = double.rejected(double.uploaded(uuid4()).payment_id, hours=48)
    await race.deadline_passes()

    await double.tells(refused)

    [back] = await heard(race, RegistrationReopened)
    assert (back.awaits_payment, back.expires_at) == (True, refused.expires_at)
    assert await stands(race, double) == "pending_payment"
    race.clock.advance(timedelta(hours=1))
    assert await race.sweep() == 0


async def test_a_refusal_after_which_payment_takes_no_other_proof_revives_nothing(race: Race) -> None:
    double = await open_double(race)
    refused = double.rejected(uuid4(), hours=0)
    await race.deadline_passes()

    await double.tells(refused)

    assert await stands(race, double) == "expired"


async def test_when_the_place_is_gone_the_expiry_is_told_again_by_who_has_heard_of_the_proof(race: Race) -> None:
    double = await open_double(race)
    proof = double.uploaded(uuid4())
    await race.deadline_passes()
    await race.execute("UPDATE category_places SET taken = quota")

    await double.tells(proof)

    first, again = await heard(race, RegistrationExpired)
    assert (first.payment_sequence, again.payment_sequence) == (0, proof.sequence)
    assert again.revision > first.revision


async def test_a_cancellation_that_crosses_a_verification_holds_and_gives_the_money_back(race: Race) -> None:
    double = await open_double(race)
    proof = double.uploaded(uuid4())
    await double.tells(proof)
    verified = double.verified(proof.payment_id, knowing=1)
    race.clock.advance(timedelta(minutes=5))
    assert (await race.cancel(str(double.id))).status_code == 204

    await double.tells(verified)
    await double.tells(verified)

    assert await stands(race, double) == "cancelled"
    refunds = [each.refund_payment_id for each in await heard(race, RegistrationCancelled)]
    assert refunds == [None, proof.payment_id, proof.payment_id]  # the second for a listener that missed the first


async def test_who_verifies_knowing_of_the_cancellation_brings_it_back_whatever_the_clocks_say(race: Race) -> None:
    double = await open_double(race)
    proof = double.uploaded(uuid4())
    await double.tells(proof)
    assert (await race.cancel(str(double.id))).status_code == 204
    [cancelled] = await heard(race, RegistrationCancelled)
    race.clock.advance(timedelta(seconds=-90))

    await double.tells(double.verified(proof.payment_id, knowing=cancelled.revision))

    assert await stands(race, double) == "payment_verified"


async def test_nothing_paid_brings_nothing_back(race: Race) -> None:
    double = await open_double(race, price_individual="0.00")
    assert (await race.cancel(str(double.id))).status_code == 204
    race.clock.advance(timedelta(minutes=1))

    await double.tells(double.verified(uuid4()))

    assert await stands(race, double) == "cancelled"
    assert [each.refund_payment_id for each in await heard(race, RegistrationCancelled)] == [None]


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_payment_counts_once_however_late_it_is_replayed(race: Race, forgotten: bool) -> None:
    """Honoured, cancelled, given back; then honoured by another payment, cancelled, given back."""
    double = await open_double(race)
    payments_made = [double.verified(uuid4()), double.verified(uuid4())]
    for verified in payments_made:
        race.clock.advance(timedelta(minutes=1))
        again = verified.model_copy(update={"verified_at": race.clock()})
        await double.tells(again)
        assert await stands(race, double) == "payment_verified"
        assert (await race.cancel(str(double.id))).status_code == 204
    if forgotten:
        await race.execute("DELETE FROM processed_events")

    for verified in payments_made:
        race.clock.advance(timedelta(days=31))
        await double.tells(verified.model_copy(update={"verified_at": race.clock()}))

    assert await stands(race, double) == "cancelled"
    assert len(await heard(race, RegistrationConfirmed)) == 2


async def test_money_that_was_said_to_go_back_does_not_count_when_a_place_is_free_later(race: Race) -> None:
    double = await open_double(race)
    await race.deadline_passes()
    await race.execute("UPDATE category_places SET taken = quota")
    verified = double.verified(uuid4())
    await double.tells(verified)
    await race.execute("UPDATE category_places SET taken = 0")

    await double.tells(verified)

    assert await stands(race, double) == "expired"
    ends = await heard(race, RegistrationExpired)
    assert [each.refund_payment_id for each in ends] == [None, verified.payment_id, verified.payment_id]
    assert ends[2].revision > ends[1].revision


async def test_news_that_are_published_again_are_taken_in_though_they_change_nothing(race: Race) -> None:
    """The doctor compares how far registration has heard, and has payment publish again what it has not."""
    double = await open_double(race)
    verified = double.verified(uuid4())
    await double.tells(verified)
    await race.execute("UPDATE registrations SET payment_sequence = 0")

    await double.tells(verified)

    assert await race.scalar("SELECT payment_sequence FROM registrations") == 1
    assert len(await heard(race, RegistrationConfirmed)) == 1
