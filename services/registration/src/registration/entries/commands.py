"""Cancelling registrations, and merging the counts of statistics."""

from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import text

from registration.entries.errors import NotCancellable, UnknownRegistration
from registration.entries.rules import IllegalTransition, Status, Trigger
from registration.entries.transitions import cancelled, lock_entry, move, release_people, uses_of
from registration.places import commands as places
from registration.places.commands import OnPlacesFreed
from registration.prices import uses


async def cancel(work: UnitOfWork, registration_id: UUID, *, reason: str, by: str, on_freed: OnPlacesFreed) -> None:
    """Cancel a registration; its places become free as far as BIBs are left for them, and so do uses of its promo code.

    Args:
        on_freed: called when the places are free.

    Raises:
        UnknownRegistration, NotCancellable.
    """
    entry = await lock_entry(work, registration_id)
    if entry is None:
        raise UnknownRegistration
    before = {"status": entry.status}
    was_confirmed = entry.status == Status.PAYMENT_VERIFIED
    try:
        move(work, entry, Trigger.STAFF_CANCELS)
    except IllegalTransition:
        raise NotCancellable(registration_status=entry.status) from None
    entry.cancelled_at = work.now
    entry.cancelled_revision = entry.revision
    entry.notes = reason
    release = places.release_confirmed if was_confirmed else places.release
    await release(work, entry.race_category_id, entry.total_participants)
    await uses.give_back(work, uses_of([entry]))
    await release_people(work, [entry.id])
    await on_freed(work, entry.race_category_id)
    refund = entry.payment_id if was_confirmed and entry.total_amount > 0 else None
    work.publish(cancelled(entry, reason=reason, refund_payment_id=refund), subject=entry.id)
    await work.audit(
        by,
        "registration.cancel",
        f"registration:{entry.id}",
        before=before,
        after={"status": entry.status},
        was_confirmed=was_confirmed,
    )


_FOLD = text("""
    WITH folded AS (
        DELETE FROM registration_counts WHERE id IN (
            SELECT id FROM registration_counts
             WHERE registered_in IS NOT NULL OR (race_category_id, status) IN (
                   SELECT race_category_id, status FROM registration_counts
                    GROUP BY race_category_id, status HAVING count(*) > 1)
             LIMIT :at_most FOR UPDATE SKIP LOCKED)
        RETURNING race_category_id, status, registrations, participants, amount
    ), sums AS (
        INSERT INTO registration_counts (race_category_id, status, registrations, participants, amount)
        SELECT race_category_id, status, sum(registrations), sum(participants), sum(amount)
          FROM folded GROUP BY race_category_id, status
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM folded) - (SELECT count(*) FROM sums)
""")
_FOLDED_AT_ONCE = 20_000


async def fold_counts(work: UnitOfWork, *, at_most: int = _FOLDED_AT_ONCE) -> int:
    """Merge a portion of the count rows of each category and status into one row; return how many fewer there are.

    A trigger adds the deleted rows to the timeline. Workers may do so concurrently, and while other transactions count.
    """
    return int((await work.session.execute(_FOLD, {"at_most": at_most})).scalar_one())
