"""Storing rates: what sources say with the median of it, and what staff set."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.wording import Wording
from sqlalchemy import insert, text

from payment.usdt.rates.errors import RateNotUsed, UnknownRate
from payment.usdt.rates.port import Quoted, RateSource
from payment.usdt.rates.queries import current_rate, newest_answers, reference_rates
from payment.usdt.rates.rules import LIMITS, LONGEST_MANUAL, Choice, Limits, Reason, as_text, choose
from payment.usdt.rates.tables import UsdtRate

_NOT_PLAUSIBLE: Final = "This must be between {floor} and {ceiling} rupiah for one USDT."
_NOT_PLAUSIBLE_ID: Final = "Nilainya harus antara {floor} dan {ceiling} rupiah untuk satu USDT."
_WRONG_END: Final = Wording(
    en="Choose an end that is in the future, at most 24 hours from now.",
    id="Pilih waktu berakhir yang belum lewat, paling lama 24 jam dari sekarang.",
)

_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('usdt rate of staff'))")


@dataclass(frozen=True)
class ManualRate:
    """A rate that staff set, until when it is used, and why."""

    idr_per_usdt: Decimal
    reason: str
    valid_until: datetime


async def store_answers(work: UnitOfWork, quotes: Sequence[Quoted], *, limits: Limits = LIMITS) -> Choice:
    """Store what sources have answered, and the rate chosen from it; return the choice. Without answers, store nothing.

    Of the other sources, the newest answers that are stored count as long as they are recent.
    """
    since = work.now - limits.oldest - limits.ahead
    answered = {each.source for each in quotes}
    others = [each for each in await newest_answers(work.session, since=since) if each.source not in answered]
    references = await reference_rates(work.session)
    choice = choose([*quotes, *others], references, now=work.now, limits=limits)
    if quotes:
        await work.session.execute(insert(UsdtRate).values(list(_rows(choice, answered, work.now))))
    return choice


def _rows(choice: Choice, answered: Collection[RateSource], now: datetime) -> Iterator[Mapping[str, Any]]:
    for each in choice.verdicts:
        if each.quoted.source in answered:
            yield _row(each.quoted, each.reason, now)
    if choice.idr_per_usdt is not None:
        oldest = min(each.observed_at for each in choice.used)
        yield _row(Quoted(RateSource.MEDIAN, choice.idr_per_usdt, oldest), choice.reason, now)


def _row(quoted: Quoted, reason: Reason | None, now: datetime) -> Mapping[str, Any]:
    return {
        "source": quoted.source.value,
        "idr_per_usdt": quoted.idr_per_usdt,
        "observed_at": quoted.observed_at,
        "created_at": now,
        "accepted": reason is None,
        "reason": reason,
    }


async def set_rate(work: UnitOfWork, new: ManualRate, *, by: Staff, limits: Limits = LIMITS) -> UsdtRate:
    """Store a rate of staff, which is used until its end, and audit it. It replaces one that staff set before.

    Medians near to it are accepted from now on, so it also confirms a jump. The same rate, end and reason of the same
    person once more, while they hold, change nothing: a form may be sent twice.

    Raises:
        InvalidFields: the rate is not plausible, or its end is not within 24 hours.
    """
    if refusals := list(_refusals(new, work.now, limits)):
        raise InvalidFields(*refusals)
    await work.session.execute(_ONE_AT_A_TIME)
    before = await current_rate(work.session, work.now)
    current = None if before is None else await work.session.get_one(UsdtRate, before.id)
    if current is not None and _is_same(current, new, by):
        return current
    row = UsdtRate(
        source=RateSource.MANUAL.value,
        idr_per_usdt=new.idr_per_usdt,
        observed_at=work.now,
        created_at=work.now,
        accepted=True,
        valid_until=new.valid_until,
        set_by=by.id,
        note=new.reason,
    )
    work.session.add(row)
    await work.session.flush()
    await work.audit(
        by.actor,
        "usdt_rate.set",
        str(row.id),
        before={"idr_per_usdt": None if before is None else as_text(before.idr_per_usdt)},
        after={"idr_per_usdt": as_text(new.idr_per_usdt), "valid_until": shown_value(new.valid_until)},
        reason=shown_value(new.reason),
    )
    return row


def _is_same(row: UsdtRate, new: ManualRate, by: Staff) -> bool:
    stored = (row.set_by, row.idr_per_usdt, row.note, row.valid_until)
    return stored == (by.id, new.idr_per_usdt, new.reason, new.valid_until)


async def withdraw_rate(work: UnitOfWork, rate_id: int, *, reason: str, by: Staff) -> UsdtRate:
    """End the rate of staff that is used now, and audit it. What the sources say is used from this moment on.

    One that it had replaced is not used again, and a median near to it is no longer accepted because of it. Quotes that
    were given at it hold.

    Raises:
        UnknownRate, RateNotUsed.
    """
    row = await work.session.get(UsdtRate, rate_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise UnknownRate
    if row.withdrawn_by is not None:  # perhaps at a time after `work.now`, while this waited for the lock
        raise RateNotUsed
    current = await current_rate(work.session, work.now)
    if row.source != RateSource.MANUAL or current is None or current.id != rate_id:
        raise RateNotUsed
    before, row.valid_until = row.valid_until, work.now
    row.withdrawn_by, row.withdrawal_reason = by.id, reason
    await work.session.flush()
    await work.audit(
        by.actor,
        "usdt_rate.withdraw",
        str(row.id),
        before={"valid_until": shown_value(before)},
        after={"valid_until": shown_value(row.valid_until)},
        reason=shown_value(reason),
    )
    return row


def _refusals(new: ManualRate, now: datetime, limits: Limits) -> Iterator[tuple[str, Wording]]:
    if not limits.allow(new.idr_per_usdt):
        values = {"floor": limits.floor, "ceiling": limits.ceiling}
        wording = Wording(en=_NOT_PLAUSIBLE.format(**values), id=_NOT_PLAUSIBLE_ID.format(**values))
        yield "idr_per_usdt", wording
    if not now < new.valid_until <= now + LONGEST_MANUAL:
        yield "valid_until", _WRONG_END
