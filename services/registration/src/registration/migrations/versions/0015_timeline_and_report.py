"""Sums for the timeline and the report of participants, and indexes for reading the audit log.

Rows of counts get the quarter hours of their registrations, so counting writes no further row. A trigger adds the rows
that are merged to the timeline, also if a process of the previous release merges them.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import create_audit_indexes, drop_audit_indexes

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_KEYS = ("race_category_id", "registration_type", "gender", "birth_year", "jersey_size")


def _quarter(column: str) -> str:
    return f"date_bin('15 minutes', {column}, timestamptz '2000-01-01 00:00:00+00')"


_QUARTERS = f"{_quarter('created_at')} AS registered_in, {_quarter('payment_verified_at')} AS verified_in"
_COLUMNS = "race_category_id, status, total_participants, total_amount"
_ADD = """
    INSERT INTO registration_counts (race_category_id, status, registered_in, verified_in,
                                     registrations, participants, amount)
    SELECT race_category_id, status, registered_in, verified_in,
           sum(sign), sum(sign * total_participants), sum(sign * total_amount)
      FROM ({changes}) AS change
     GROUP BY race_category_id, status, registered_in, verified_in
    HAVING sum(sign) <> 0 OR sum(sign * total_participants) <> 0 OR sum(sign * total_amount) <> 0
"""
_ADD_BEFORE = """
    INSERT INTO registration_counts (race_category_id, status, registrations, participants, amount)
    SELECT race_category_id, status, sum(sign), sum(sign * total_participants), sum(sign * total_amount)
      FROM ({changes}) AS change
     GROUP BY race_category_id, status
    HAVING sum(sign) <> 0 OR sum(sign * total_participants) <> 0 OR sum(sign * total_amount) <> 0
"""


def _count(add: str, columns: str) -> None:
    """Have the triggers on registrations count with this statement."""
    added = f"SELECT 1 AS sign, {columns} FROM added"  # noqa: S608  # constants only
    removed = f"SELECT -1 AS sign, {columns} FROM removed"  # noqa: S608  # constants only
    for event, changes in {
        "insert": added,
        "update": f"{added} UNION ALL {removed}",
        "delete": removed,
    }.items():
        op.execute(
            f"CREATE OR REPLACE FUNCTION registrations_counted_on_{event}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {add.format(changes=changes)}; RETURN NULL; END $$"
        )


_MERGED = """
    INSERT INTO registration_timeline (race_category_id, quarter, registered, participants, verified, amount)
    SELECT race_category_id, quarter, sum(registered), sum(participants), sum(verified), sum(amount)
      FROM ({parts}) AS part
     GROUP BY race_category_id, quarter
    HAVING sum(registered) <> 0 OR sum(participants) <> 0 OR sum(verified) <> 0 OR sum(amount) <> 0
     ORDER BY race_category_id, quarter
    ON CONFLICT (race_category_id, quarter) DO UPDATE
       SET registered = registration_timeline.registered + excluded.registered,
           participants = registration_timeline.participants + excluded.participants,
           verified = registration_timeline.verified + excluded.verified,
           amount = registration_timeline.amount + excluded.amount
"""
_PARTS = """
    SELECT race_category_id, registered_in AS quarter, registrations AS registered, participants,
           0 AS verified, 0 AS amount
      FROM merged WHERE registered_in IS NOT NULL
    UNION ALL
    SELECT race_category_id, verified_in, 0, 0, registrations, amount FROM merged WHERE verified_in IS NOT NULL
"""
_PARTS_SO_FAR = f"""
    SELECT race_category_id, {_quarter("created_at")} AS quarter, 1 AS registered, total_participants AS participants,
           0 AS verified, 0 AS amount
      FROM registrations
    UNION ALL
    SELECT race_category_id, {_quarter("payment_verified_at")}, 0, 0, 1, total_amount
      FROM registrations WHERE payment_verified_at IS NOT NULL
"""  # noqa: S608  # constants only


def _timeline() -> None:
    for name in ("registered_in", "verified_in"):
        op.add_column("registration_counts", sa.Column(name, _TZ))
    op.create_table(
        "registration_timeline",
        sa.Column("race_category_id", sa.Uuid(), primary_key=True),
        sa.Column("quarter", _TZ, primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("registered", "participants", "verified")),
        sa.Column("amount", sa.Numeric(), nullable=False),
    )
    op.execute(
        "CREATE FUNCTION registration_counts_merged() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_MERGED.format(parts=_PARTS)}; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER registration_counts_merged AFTER DELETE ON registration_counts REFERENCING OLD TABLE AS merged"
        " FOR EACH STATEMENT EXECUTE FUNCTION registration_counts_merged()"
    )
    op.execute(_MERGED.format(parts=_PARTS_SO_FAR))
    _count(_ADD, f"{_COLUMNS}, {_QUARTERS}")


def _people_of(source: str, *, sign: int) -> str:
    return f"""
        SELECT registration_id, gender, extract(year FROM date_of_birth)::int AS birth_year, jersey_size,
               {sign} AS people, {sign} * (bib_number IS NOT NULL)::int AS confirmed
          FROM {source} WHERE live
    """  # noqa: S608  # constants only


_ADDED, _REMOVED = _people_of("added", sign=1), _people_of("removed", sign=-1)
_CHANGED = f"""
    SELECT registration_id, gender, birth_year, jersey_size, sum(people)::int AS people,
           sum(confirmed)::int AS confirmed
      FROM ({_ADDED} UNION ALL {_REMOVED}) AS both_sides
     GROUP BY registration_id, gender, birth_year, jersey_size
    HAVING sum(people) <> 0 OR sum(confirmed) <> 0
"""  # noqa: S608  # constants only
_ARRAYS = "array_agg(gender), array_agg(birth_year), array_agg(jersey_size), array_agg(people), array_agg(confirmed)"
_NOTE = """
    INSERT INTO participant_changes (race_category_id, registration_type, genders, birth_years, jersey_sizes,
                                     people, confirmed)
"""
# One row per statement, category and type. The plan is that for a large table, also while the table is empty.
_NOTE_CHANGES = f"""
    {_NOTE}
    SELECT r.race_category_id, r.registration_type, {_ARRAYS}
      FROM ({{changes}}) AS change, LATERAL (
           SELECT race_category_id, registration_type FROM registrations WHERE id = change.registration_id LIMIT 1
      ) AS r
     GROUP BY r.race_category_id, r.registration_type
"""  # noqa: S608  # constants only
# The participants of a deleted registration are deleted after it, when its category cannot be looked up.
_NOTE_DELETED = f"""
    {_NOTE}
    SELECT OLD.race_category_id, OLD.registration_type, {_ARRAYS}
      FROM ({_people_of("participants", sign=-1)} AND registration_id = OLD.id) AS change
    HAVING count(*) > 0
"""  # noqa: S608  # constants only

_NOTED_ON = {
    "insert": ("NEW TABLE AS added", _ADDED),
    "update": ("OLD TABLE AS removed NEW TABLE AS added", _CHANGED),
    "delete": ("OLD TABLE AS removed", _REMOVED),
}
_COUNT_PEOPLE = f"""
    INSERT INTO participant_counts ({", ".join(_KEYS)}, people, confirmed)
    SELECT race_category_id, registration_type, gender, extract(year FROM date_of_birth)::int, jersey_size,
           count(*), count(bib_number)
      FROM participants p JOIN registrations r ON r.id = p.registration_id
     WHERE live GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608  # constants only


def _people_tables() -> None:
    def key(primary: bool) -> list[sa.Column[object]]:
        return [
            sa.Column("race_category_id", sa.Uuid(), primary_key=primary, nullable=False),
            sa.Column("registration_type", sa.String(20), primary_key=primary, nullable=False),
        ]

    op.create_table(
        "participant_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        *key(False),
        *(sa.Column(name, kind, nullable=False) for name, kind in _ARRAY_COLUMNS.items()),
    )
    op.create_table(
        "participant_counts",
        *key(True),
        sa.Column("gender", sa.String(6), primary_key=True),
        sa.Column("birth_year", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("jersey_size", sa.String(4), primary_key=True),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=False),
    )


_ARRAY_COLUMNS: dict[str, Any] = {
    "genders": sa.ARRAY(sa.String(6)),
    "birth_years": sa.ARRAY(sa.Integer()),
    "jersey_sizes": sa.ARRAY(sa.String(4)),
    "people": sa.ARRAY(sa.Integer()),
    "confirmed": sa.ARRAY(sa.Integer()),
}


def _people() -> None:
    _people_tables()
    op.execute(_COUNT_PEOPLE)
    for event, (tables, changes) in _NOTED_ON.items():
        _function(f"participants_noted_on_{event}", _NOTE_CHANGES.format(changes=changes))
        op.execute(
            f"CREATE TRIGGER participants_noted_on_{event} AFTER {event} ON participants REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION participants_noted_on_{event}()"
        )
    _function("participants_noted_before_delete", _NOTE_DELETED, answer="OLD")
    op.execute(
        "CREATE TRIGGER participants_noted_before_delete BEFORE DELETE ON registrations"
        " FOR EACH ROW EXECUTE FUNCTION participants_noted_before_delete()"
    )


def _function(name: str, statement: str, *, answer: str = "NULL") -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS"
        f" $$ BEGIN {statement}; RETURN {answer}; END $$"
    )


def upgrade() -> None:
    create_audit_indexes()
    # No row may change between the first count and the creation of the triggers.
    op.execute("LOCK TABLE registrations, participants IN SHARE ROW EXCLUSIVE MODE")
    _timeline()
    _people()


def downgrade() -> None:
    drop_audit_indexes()
    op.execute("DROP TRIGGER participants_noted_before_delete ON registrations")
    op.execute("DROP FUNCTION participants_noted_before_delete()")
    for event in _NOTED_ON:
        op.execute(f"DROP TRIGGER participants_noted_on_{event} ON participants")
        op.execute(f"DROP FUNCTION participants_noted_on_{event}()")
    op.drop_table("participant_counts")
    op.drop_table("participant_changes")
    _count(_ADD_BEFORE, _COLUMNS)
    op.execute("DROP TRIGGER registration_counts_merged ON registration_counts")
    op.execute("DROP FUNCTION registration_counts_merged()")
    op.drop_table("registration_timeline")
    for name in ("verified_in", "registered_in"):
        op.drop_column("registration_counts", name)
