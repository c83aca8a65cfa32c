"""Old rows into canonical form, in portions, while registration goes on.

A portion is one statement that changes only rows nobody has brought into form since they were read, so migrations and
any number of workers may do it at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import Connection, TextClause, delete, text
from sqlalchemy.dialects.postgresql import insert as upsert

from registration.canonical.rules import READERS, CanonicalRow, canonical_row
from registration.canonical.tables import UnreadableValue

PORTION: Final = 500
SAME_PERSON: Final = "person"


@dataclass(frozen=True)
class Portion:
    """How many rows were brought into form, and how many of their fields could not be read."""

    rows: int
    unreadable: int


@dataclass(frozen=True)
class _People:
    """A table of people, and the column within whose value a person may be live once."""

    table: str
    scope: str

    @property
    def waiting(self) -> TextClause:
        fields = ", ".join(READERS)
        return text(
            f"SELECT id, {self.scope} AS scope, live, {fields}, date_of_birth, identity_number"  # noqa: S608
            f" FROM {self.table} WHERE search_text IS NULL ORDER BY id LIMIT :at_most"
        )

    @property
    def writing(self) -> TextClause:
        fields = ", ".join(f"{field} = new.{field}" for field in READERS)
        arrays = ", ".join(f"CAST(:{field} AS text[])" for field in READERS)
        return text(f"""
            UPDATE {self.table} p SET {fields}, search_text = new.search_text,
                   person_key = CASE WHEN new.repeated OR p.live AND EXISTS (
                       SELECT 1 FROM {self.table} o
                        WHERE o.live AND o.{self.scope} = p.{self.scope} AND o.person_key = new.person_key
                          AND o.id <> p.id)
                   THEN p.person_key ELSE new.person_key END
              FROM unnest(CAST(:id AS uuid[]), {arrays}, CAST(:search_text AS text[]), CAST(:person_key AS text[]),
                          CAST(:repeated AS bool[]))
                   AS new(id, {", ".join(READERS)}, search_text, person_key, repeated)
             WHERE p.id = new.id AND p.search_text IS NULL
            RETURNING p.id, p.person_key = new.person_key AS keyed
        """)  # noqa: S608  # names of our own


_EVERYBODY: Final = (_People("participants", "event_id"), _People("waitlist_participants", "race_category_id"))


def bring_into_form(connection: Connection, now: datetime, *, at_most: int = PORTION) -> Portion:
    """Bring up to `at_most` rows of each table of people into canonical form; no rows when all are."""
    portions = [_bring_into_form(connection, people, now, at_most) for people in _EVERYBODY]
    return Portion(sum(each.rows for each in portions), sum(each.unreadable for each in portions))


def _bring_into_form(connection: Connection, people: _People, now: datetime, at_most: int) -> Portion:
    stored = connection.execute(people.waiting, {"at_most": at_most}).mappings().all()
    if not stored:
        return Portion(0, 0)
    rows = [canonical_row(dict(row)) for row in stored]
    repeated = _repeated([(row["scope"], each.person_key, row["live"]) for row, each in zip(stored, rows, strict=True)])
    written = connection.execute(people.writing, _columns(rows, repeated)).all()
    keyed = {each.id: each.keyed for each in written}
    problems = [
        {"participant_id": row.id, "field": field, "noted_at": now}
        for row in rows
        if row.id in keyed
        for field in (*row.unreadable, *(() if keyed[row.id] else (SAME_PERSON,)))
    ]
    if problems:
        connection.execute(upsert(UnreadableValue).on_conflict_do_nothing(), problems)
    return Portion(len(written), len(problems))


def _repeated(people: Sequence[tuple[Any, str, bool]]) -> list[bool]:
    """Which of these live people came before in the same portion."""
    seen: set[tuple[Any, str]] = set()
    found = []
    for scope, key, live in people:
        found.append(live and (scope, key) in seen)
        if live:
            seen.add((scope, key))
    return found


def _columns(rows: Sequence[CanonicalRow], repeated: Sequence[bool]) -> dict[str, list[Any]]:
    return {
        "id": [row.id for row in rows],
        **{field: [row.values[field] for row in rows] for field in READERS},
        "search_text": [row.search_text for row in rows],
        "person_key": [row.person_key for row in rows],
        "repeated": list(repeated),
    }


async def forget_unreadable(work: UnitOfWork, participant_id: UUID, fields: Collection[str]) -> None:
    """Drop what was noted about fields that have been corrected."""
    own = (UnreadableValue.participant_id == participant_id, UnreadableValue.field.in_(fields))
    await work.session.execute(delete(UnreadableValue).where(*own))
