"""Conversion of old rows into canonical form, in portions, while registration continues.

A portion is one statement. It changes only rows that no other process has converted since they were read, and records
the values that could not be parsed, so migrations and any number of workers may run it concurrently.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import Connection, TextClause, delete, text

from registration.canonical.rules import READERS, CanonicalRow, canonical_row
from registration.canonical.tables import UnreadableValue

_PORTION: Final = 500
SAME_PERSON: Final = "person"


@dataclass(frozen=True)
class Portion:
    """The number of rows that were converted, and of their fields that could not be parsed."""

    rows: int
    unreadable: int


@dataclass(frozen=True)
class _People:
    """A table of people, and the column within whose value a person may be live only once."""

    table: str
    scope: str

    @property
    def waiting(self) -> TextClause:
        fields = ", ".join(READERS)
        return text(
            f"SELECT id, {self.scope} AS scope, live, {fields}, date_of_birth, identity_number"  # noqa: S608
            f" FROM {self.table} WHERE search_text IS NULL AND (CAST(:only AS uuid) IS NULL OR id = :only)"
            " ORDER BY id LIMIT :at_most"
        )

    @property
    def writing(self) -> TextClause:
        fields = ", ".join(f"{field} = new.{field}" for field in READERS)
        arrays = ", ".join(f"CAST(:{field} AS text[])" for field in READERS)
        return text(f"""
            WITH written AS (
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
            ), noted AS (
                INSERT INTO unreadable_values (participant_id, field, noted_at)
                SELECT id, field, CAST(:now AS timestamptz)
                  FROM written JOIN unnest(CAST(:unreadable_ids AS uuid[]), CAST(:unreadable_fields AS text[]))
                       AS unreadable(id, field) USING (id)
                UNION ALL SELECT id, '{SAME_PERSON}', CAST(:now AS timestamptz) FROM written WHERE NOT keyed
                ON CONFLICT DO NOTHING
                RETURNING 1
            )
            SELECT (SELECT count(*) FROM written) AS rows, (SELECT count(*) FROM noted) AS unreadable
        """)  # noqa: S608  # only constants are inserted


_EVERYBODY: Final = (_People("participants", "event_id"), _People("waitlist_participants", "race_category_id"))


def bring_into_form(connection: Connection, now: datetime, *, only: UUID | None = None) -> Portion:
    """Convert a portion of each table of people, or only the row `only`. No rows are left if the result has none."""
    portions = [_bring_into_form(connection, people, now, only) for people in _EVERYBODY]
    return Portion(sum(each.rows for each in portions), sum(each.unreadable for each in portions))


def _bring_into_form(connection: Connection, people: _People, now: datetime, only: UUID | None) -> Portion:
    stored = connection.execute(people.waiting, {"at_most": _PORTION, "only": only}).mappings().all()
    if not stored:
        return Portion(0, 0)
    rows = [canonical_row(dict(row)) for row in stored]
    repeated = _repeated([(row["scope"], each.person_key, row["live"]) for row, each in zip(stored, rows, strict=True)])
    written = connection.execute(people.writing, {**_columns(rows, repeated), "now": now}).one()
    return Portion(written.rows, written.unreadable)


def _repeated(people: Sequence[tuple[Any, str, bool]]) -> list[bool]:
    """Return for each person whether the same live person came before in this portion."""
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
        "unreadable_ids": [row.id for row in rows for _ in row.unreadable],
        "unreadable_fields": [field for row in rows for field in row.unreadable],
    }


async def forget_unreadable(work: UnitOfWork, participant_id: UUID, fields: Collection[str]) -> None:
    """Delete the records of unreadable fields that have been corrected."""
    own = (UnreadableValue.participant_id == participant_id, UnreadableValue.field.in_(fields))
    await work.session.execute(delete(UnreadableValue).where(*own))
