"""Counts of packs by race, category, station and hour, and indexes for what they leave out.

Triggers insert what changed, also by the release before, so that statistics do not count a million packs. Their
functions run with the rights of the tables' owner, since the service's login has none on the counts until all
migrations are done. They name the schema of all that they use, so that no other object can take its place.

The indexes are built beside the traffic, and may be built again.
"""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.indexes import create_concurrently, drop_concurrently

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KEY = "event_id, category_id, station_id, hour"
_VALUES = "entries, live, handed_out"
_AS_OWNER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

_ROSTER = """SELECT r.event_id, r.category_id, '00000000-0000-0000-0000-000000000000'::uuid AS station_id,
    timestamptz 'epoch' AS hour, {sign} AS entries, CASE WHEN r.cancelled_at IS NULL THEN {sign} ELSE 0 END AS live,
    0 AS handed_out FROM {roster} r"""
_CHECKINS = """SELECT r.event_id, r.category_id, c.station_id, date_trunc('hour', c.checked_in_at, 'UTC') AS hour,
    0 AS entries, 0 AS live, {sign} AS handed_out
    FROM {checkins} c JOIN {roster} r ON r.participant_id = c.participant_id WHERE c.undone_at IS NULL"""

_ADD = f"""
    INSERT INTO public.pack_counts ({_KEY}, {_VALUES})
    SELECT {_KEY}, sum(entries), sum(live), sum(handed_out) FROM ({{changes}}) AS change GROUP BY {_KEY}
    HAVING sum(entries) <> 0 OR sum(live) <> 0 OR sum(handed_out) <> 0
"""  # noqa: S608  # constants of ours


def _roster(sign: int, roster: str) -> str:
    return _ROSTER.format(sign=sign, roster=roster)


def _checkins(sign: int, checkins: str, roster: str) -> str:
    return _CHECKINS.format(sign=sign, checkins=checkins, roster=roster)


_NEW, _OLD = "NEW TABLE AS added", "OLD TABLE AS removed"
_TRIGGERS = {
    ("roster", "insert"): (_NEW, [_roster(1, "added")]),
    # With a participant the pack moves to another category.
    ("roster", "update"): (
        f"{_OLD} {_NEW}",
        [
            _roster(1, "added"),
            _roster(-1, "removed"),
            _checkins(1, "public.checkins", "added"),
            _checkins(-1, "public.checkins", "removed"),
        ],
    ),
    ("roster", "delete"): (_OLD, [_roster(-1, "removed")]),
    ("checkins", "insert"): (_NEW, [_checkins(1, "added", "public.roster")]),
    ("checkins", "update"): (
        f"{_OLD} {_NEW}",
        [_checkins(1, "added", "public.roster"), _checkins(-1, "removed", "public.roster")],
    ),
    ("checkins", "delete"): (_OLD, [_checkins(-1, "removed", "public.roster")]),
}
_INDEXES = {
    "ix_roster_cancelled": "roster (event_id, category_id) WHERE cancelled_at IS NOT NULL",
    "ix_checkins_station": "checkins (station_id, checked_in_at) WHERE undone_at IS NULL",
}


def upgrade() -> None:
    _pack_counts()
    # No row may change between the first count and the creation of the triggers.
    op.execute("LOCK TABLE roster, checkins IN SHARE ROW EXCLUSIVE MODE")
    op.execute("DELETE FROM pack_counts")
    stored = [_roster(1, "public.roster"), _checkins(1, "public.checkins", "public.roster")]
    op.execute(_ADD.format(changes=" UNION ALL ".join(stored)))
    for (table, event), (transition, changes) in _TRIGGERS.items():
        _count_on(table, event, transition, " UNION ALL ".join(changes))
    with op.get_context().autocommit_block():
        for name, of in _INDEXES.items():
            create_concurrently(name, of)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            drop_concurrently(name)
    for table, event in _TRIGGERS:
        op.execute(f"DROP TRIGGER IF EXISTS {table}_counted_on_{event} ON {table}")
        op.execute(f"DROP FUNCTION IF EXISTS {table}_counted_on_{event}()")
    op.drop_table("pack_counts", if_exists=True)


def _pack_counts() -> None:
    op.create_table(
        "pack_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _VALUES.split(", ")),
        if_not_exists=True,
    )
    op.create_index("ix_pack_counts_event_id", "pack_counts", ["event_id"], if_not_exists=True)


def _count_on(table: str, event: str, transition: str, changes: str) -> None:
    name = f"{table}_counted_on_{event}"
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger {_AS_OWNER} AS"
        f" $$ BEGIN {_ADD.format(changes=changes)}; RETURN NULL; END $$"
    )
    op.execute(f"REVOKE EXECUTE ON FUNCTION {name}() FROM PUBLIC")
    op.execute(
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {table} REFERENCING {transition}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
