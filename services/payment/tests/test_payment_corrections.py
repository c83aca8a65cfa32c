"""The payer's name follows registration's corrections, in whatever order they arrive."""

from decimal import Decimal

import pytest
from chassis.errors import NotYet

from .payment_world import Entry, Office


async def payer_of(office: Office, entry: Entry) -> str:
    [row] = await office.rows("SELECT payer_name FROM invoices WHERE registration_id = :id", id=entry.id)
    return str(row["payer_name"])


async def test_the_review_shows_and_finds_the_payer_under_the_corrected_name(office: Office) -> None:
    # given
    entry, payment = await office.waiting(payer="Budi Santos")
    # when
    event = await office.hear(entry.corrected("Budi Santoso"))
    await office.service.redeliver(event)
    # then
    [row] = await office.review_list(q="santoso")
    assert (row["payment_id"], row["payer_name"]) == (str(payment), "Budi Santoso")


async def test_the_newest_correction_wins_whatever_comes_first(office: Office) -> None:
    entry = await office.registered()
    await office.hear(entry.corrected("Budi Newest", revision=3))
    await office.hear(entry.corrected("Budi Older", revision=2))
    assert await payer_of(office, entry) == "Budi Newest"


async def test_a_correction_of_somebody_else_in_the_group_leaves_the_payer(office: Office) -> None:
    entry = await office.registered(payer="Siti Aminah")
    await office.hear(entry.corrected("Somebody Corrected", is_pic=False))
    assert await payer_of(office, entry) == "Siti Aminah"


async def test_a_correction_that_comes_before_the_registration_waits_for_it(office: Office) -> None:
    entry = office.entry(amount=Decimal("0.00"))
    with pytest.raises(NotYet):
        await office.hear(entry.corrected("Budi Corrected"))
    await office.hear(entry.created())
    await office.hear(entry.corrected("Budi Corrected"))
    assert await payer_of(office, entry) == "Budi Corrected"


async def test_an_end_is_heard_though_a_newer_correction_came_first(office: Office) -> None:
    # given
    entry = await office.registered()
    await office.hear(entry.corrected("Budi Corrected", revision=3))
    # when
    await office.hear(entry.expired(revision=2))
    # then
    assert (await office.invoice(entry))["status"] == "expired"


async def test_a_correction_after_the_end_still_reaches_the_review(office: Office) -> None:
    # given
    entry, _ = await office.waiting()
    await office.hear(entry.cancelled(revision=3))
    # when
    await office.hear(entry.corrected("Budi Corrected", revision=2))
    # then
    [row] = await office.review_list()
    assert (row["payer_name"], row["registration_ended"]) == ("Budi Corrected", "cancelled")
