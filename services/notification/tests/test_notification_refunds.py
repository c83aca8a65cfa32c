"""Money that goes back: told when it is due and when it is on its way, whatever else was told before."""

from datetime import datetime
from decimal import Decimal
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from chassis.errors import NotYet
from contracts import RefundDone, RefundDue
from contracts.topology import subscribers_of
from notification.messages.rules import Channel
from simulators.testing import Stage
from testkit.golden import golden

from .notification_world import Entry, PostOffice, runner

DUE, DONE = "payment.refund_due", "payment.refund_done"


def due(entry: Entry, payment_id: UUID, amount: str = "175000.00") -> RefundDue:
    """Money has to go back."""
    reason = "The payment came too late: no place was left."
    return RefundDue(
        payment_id=payment_id, registration_id=entry.id, amount=Decimal(amount), currency="IDR", reason=reason
    )


def done(entry: Entry, payment_id: UUID, *, at: datetime, amount: str = "175000.00") -> RefundDone:
    """Money went back."""
    return RefundDone(
        payment_id=payment_id,
        registration_id=entry.id,
        amount=Decimal(amount),
        currency="IDR",
        reference="BCA 77",
        done_at=at,
    )


def test_refunds_are_heard_by_who_writes_to_runners() -> None:
    assert subscribers_of(RefundDue.TYPE) == subscribers_of(RefundDone.TYPE) == ("notification",)


@pytest.mark.parametrize("end", ["expired", "cancelled"])
async def test_whose_registration_ended_before_the_money_was_seen_hears_of_it(office: PostOffice, end: str) -> None:
    entry, payment = await office.registered(), uuid4()
    ended = getattr(entry, end)
    await office.hear(ended(revision=2), ended(revision=3, refund=payment), due(entry, payment))
    told = await office.told(entry, Channel.EMAIL)
    assert told[1:] == [(f"registration.{end}", "pending"), (DUE, "pending")]
    await office.hear(done(entry, payment, at=office.clock()))
    assert (await office.told(entry, Channel.EMAIL))[-1] == (DONE, "pending")


async def test_the_messages_name_the_amount_that_goes_back_and_the_reference(
    connected: PostOffice, stage: Stage
) -> None:
    await connected.in_a_hurry()
    entry, payment = await connected.registered(runner("Ani")), uuid4()
    await connected.hear(entry.cancelled())
    for news in (due(entry, payment), done(entry, payment, at=connected.clock())):
        await connected.hear(news)
        for channel in Channel:
            await connected.send(channel, rounds=2)
    chats = [item["text"] for item in await stage.items("whatsapp")]
    mails = [item["text"] for item in await stage.items("mail")]
    for texts in (chats, mails):
        about = [text for text in texts if "Rp175.000" in text]
        assert len(about) == 2
        assert sum("BCA 77" in text for text in about) == 1


async def test_each_payment_is_told_once_however_often_and_in_whatever_order(office: PostOffice) -> None:
    one, other = uuid4(), uuid4()
    for order in permutations(range(3)):
        entry = await office.registered()
        news = [due(entry, one), done(entry, one, at=office.clock()), due(entry, other)]
        await office.hear(*(news[index] for index in order), *news)
        told = [each for each in await office.told(entry) if each[0] in {DUE, DONE}]
        assert sorted(told) == sorted([(DUE, "skipped"), (DUE, "pending"), (DONE, "pending")])


async def test_money_that_is_on_its_way_is_not_promised_any_more(office: PostOffice) -> None:
    # given a promise that failed
    entry, payment = await office.registered(), uuid4()
    await office.hear(entry.cancelled(), due(entry, payment))
    failing = (
        "UPDATE notifications SET status = 'failed', failed_reason = 'x' WHERE event_type = :due AND channel = :on"
    )
    await office.execute(failing, due=DUE, on="email")
    # when the money has gone
    await office.hear(done(entry, payment, at=office.clock()))
    # then
    assert [each for each in await office.told(entry) if each[0] == DUE] == [(DUE, "skipped")]
    answer = await office.call("POST", "/notifications/retry-failed", office.admin)
    assert answer.body == {"retried": 0}


async def test_the_golden_events_wait_for_their_registration(office: PostOffice) -> None:
    for kind in (RefundDue, RefundDone):
        with pytest.raises(NotYet):
            await office.inbox.handle(golden(kind).to_bytes())
