"""Lists of registrations for staff: filtered, sorted, and read a page at a time.

Each category, status and type is a stream of registrations that an index has in the order of their time or amount. A
page with such a filter merges the beginnings of all streams that it may come from, so that no filter is slow because
few registrations match it. Without one the page is a part of an index over the race or over all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.wording import Wording
from contracts import RegistrationType
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    String,
    Uuid,
    and_,
    cast,
    column,
    func,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.tables import RaceCategory
from registration.entries.queries import Filter
from registration.entries.rules import Status
from registration.entries.tables import NAME_ORDER, Participant, Registration, RegistrationCount

IDS_AT_MOST: Final = 10_000

CHOOSE_A_RACE: Final = Wording(
    en="Choose a race or a category to sort by this.", id="Pilih lomba atau kategori untuk mengurutkan menurut ini."
)


class Order(StrEnum):
    """Orders of a list; `-` means descending."""

    @property
    def key(self) -> str:
        """Return the name of what is compared."""
        return self.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Return whether the largest comes first."""
        return self.startswith("-")


class Sort(Order):
    """Orders of registrations. Equal ones are in the order of their ids."""

    OLDEST = "created_at"
    NEWEST = "-created_at"
    AMOUNT = "amount"
    AMOUNT_DOWN = "-amount"
    NAME = "name"
    NAME_DOWN = "-name"


Category = Row[UUID, UUID]
"""The id of a category, and that of its race."""

Position = tuple[Any, UUID]
"""What is compared, and the id, of a page's last registration."""


@dataclass(frozen=True)
class Matching:
    """The ids of what matches, as far as they are listed. `total` is None if it is not known without counting."""

    ids: Sequence[UUID]
    more: bool
    total: int | None


async def page(
    session: AsyncSession, wanted: Filter, *, limit: int, after: Position | None, sort: Sort = Sort.NEWEST
) -> Sequence[Row[Any]]:
    """Return registrations, their person in charge and what they are sorted by; one more than `limit` if there is more.

    Raises:
        InvalidFields: amounts and names are sorted within a race only.
    """
    if sort.key != "created_at" and not (wanted.event_id or wanted.category_id):
        raise InvalidFields(("sort", CHOOSE_A_RACE))
    # The best plan depends on how many match, so no generic plan is used.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    if sort.key == "created_at" and _is_of_a_whole_race(wanted):
        query = _whole(wanted, sort, after)
    elif not (categories := await _categories(session, wanted)):
        return ()
    elif sort.key == "name" or wanted.q or wanted.promo_code:
        query = _in_categories(_whole(wanted, sort, after), wanted, categories, sort)
    else:
        query = _merged(wanted, categories, sort, after, limit)
    rows: Sequence[Row[Any]] = (await session.execute(query.limit(limit + 1))).all()
    return rows


def _is_of_a_whole_race(wanted: Filter) -> bool:
    return not (wanted.category_id or wanted.status or wanted.other_than or wanted.kind)


async def _categories(session: AsyncSession, wanted: Filter) -> Sequence[Category]:
    query = select(RaceCategory.id, RaceCategory.event_id)
    if wanted.event_id:
        query = query.where(RaceCategory.event_id == wanted.event_id)
    if wanted.category_id:
        query = query.where(RaceCategory.id == wanted.category_id)
    return (await session.execute(query)).all()


def _key(sort: Sort) -> Any:
    if sort.key == "name":
        return NAME_ORDER
    return Registration.total_amount if sort.key == "amount" else Registration.created_at


def _ordered(query: Select[Any], sort: Sort, key: Any, id_: Any, after: Position | None) -> Select[Any]:
    """Return the query in the order of key and id, behind a position."""
    if after is not None:
        here = tuple_(key, id_)
        query = query.where(here < after if sort.descending else here > after)
    return query.order_by(*((each.desc() if sort.descending else each.asc()) for each in (key, id_)))


_IN_CHARGE = and_(Participant.registration_id == Registration.id, Participant.is_pic)


def _whole(wanted: Filter, sort: Sort, after: Position | None) -> Select[Any]:
    """Return the query that scans an index in the order of the list, or gathers and sorts what matches."""
    key = _key(sort)
    query = (
        select(Registration, Participant.full_name.label("pic_name"), key.label("key"))
        .join(Participant, _IN_CHARGE)
        .where(*wanted.conditions())
    )
    id_ = Participant.registration_id if sort.key == "name" else Registration.id  # as in the index
    return _ordered(query, sort, key, id_, after)


def _in_categories(query: Select[Any], wanted: Filter, categories: Sequence[Category], sort: Sort) -> Select[Any]:
    """Return the query with redundant conditions for indexes: on the race of a name, and those of `_in_streams`."""
    if sort.key == "name":
        query = query.where(Participant.event_id == categories[0].event_id)
    return query.where(*_in_streams(categories)) if wanted.status or wanted.kind else query


async def narrowing(session: AsyncSession, wanted: Filter) -> Sequence[ColumnElement[bool]]:
    """Return redundant conditions, by which an index finds the registrations of a category or status."""
    if _is_of_a_whole_race(wanted):
        return ()
    return _in_streams(await _categories(session, wanted))


def _in_streams(categories: Sequence[Category]) -> tuple[ColumnElement[bool], ...]:
    """Return conditions on the first columns of the streams' index, so that few that match are found by it."""
    return Registration.race_category_id.in_([each.id for each in categories]), Registration.status.in_(list(Status))


def _merged(
    wanted: Filter, categories: Sequence[Category], sort: Sort, after: Position | None, limit: int
) -> Select[Any]:
    """Return the query that merges the streams of categories, statuses and types."""
    stream, key = _streams(wanted, categories), _key(sort)
    own = select(Registration.id.label("id"), key.label("key")).where(
        Registration.race_category_id == stream.c.category_id,
        Registration.status == stream.c.status,
        Registration.registration_type == stream.c.kind,
        *wanted.times(),
    )
    beginning = _ordered(own, sort, key, Registration.id, after).limit(limit + 1).lateral("beginning")
    first = select(beginning.c.id, beginning.c.key).select_from(stream).join(beginning, true())
    chosen = _ordered(first, sort, beginning.c.key, beginning.c.id, None).limit(limit + 1).subquery("chosen")
    query = (
        select(Registration, Participant.full_name.label("pic_name"), chosen.c.key)
        .select_from(chosen)
        .join(Registration, Registration.id == chosen.c.id)
        .join(Participant, _IN_CHARGE)
    )
    return _ordered(query, sort, chosen.c.key, chosen.c.id, None)


def _streams(wanted: Filter, categories: Sequence[Category]) -> Any:
    kinds = [wanted.kind] if wanted.kind else list(RegistrationType)
    streams = [
        (each.id, status.value, kind.value) for each in categories for status in wanted.statuses for kind in kinds
    ]
    ids, of_statuses, of_kinds = zip(*streams, strict=True)
    names = ARRAY(String())
    arrays = cast(list(ids), ARRAY(Uuid())), cast(list(of_statuses), names), cast(list(of_kinds), names)
    columns = column("category_id", Uuid()), column("status", String()), column("kind", String())
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="stream")


async def matching_ids(session: AsyncSession, wanted: Filter, *, at_most: int = IDS_AT_MOST) -> Matching:
    """Return the ids of what matches, in no particular order, and their number if it is known or small."""
    categories = await _categories(session, wanted)
    query = select(Registration.id).where(*wanted.conditions()).limit(at_most + 1)
    if not (wanted.q or wanted.promo_code or _is_of_a_whole_race(wanted)):
        query = query.where(*_in_streams(categories))
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    found = (await session.execute(query)).scalars().all()
    if len(found) <= at_most:
        return Matching(found, more=False, total=len(found))
    return Matching(found[:at_most], more=True, total=await _total(session, wanted, categories))


async def _total(session: AsyncSession, wanted: Filter, categories: Sequence[Category]) -> int | None:
    """Return the number of matching registrations from the kept counts; None if these do not tell."""
    if wanted.q or wanted.kind or wanted.promo_code or wanted.times():
        return None
    query = select(func.sum(RegistrationCount.registrations)).where(
        RegistrationCount.race_category_id.in_([each.id for each in categories]),
        RegistrationCount.status.in_(wanted.statuses),
    )
    return int((await session.execute(query)).scalar_one() or 0)
