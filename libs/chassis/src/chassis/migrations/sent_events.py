"""Sent events: a copy of each event that leaves the outbox. Frozen: changes are separate migrations.

The functions run with the rights of the tables' owner, since the service's login may neither create and drop tables
nor write sent events. They name the schema of all that they use, so that no other object can take its place.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

_AS_OWNER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

# The head of an event is in its first bytes. They are searched as text: parsing all of a payload takes longer, and one
# that is malformed would fail. `encode` fails for no bytes. Counted repetitions, such as `{1,100}`, would make these
# patterns three to ten times as slow, so lengths and the form of an id are checked afterwards.
_HEAD = "encode(substr(payload, 1, 300), 'escape')"
_ID = '\'_id" ?: ?"([0-9a-f-]+)"\''
_TYPE = '\'"type" ?: ?"([A-Za-z0-9_.-]+)"\''
_IS_ID = "id LIKE '________-____-____-____-____________' AND length(replace(id, '-', '')) = 32"

_KEEP = f"""
    CREATE OR REPLACE FUNCTION keep_sent_events() RETURNS trigger {_AS_OWNER} AS $$
    BEGIN
        INSERT INTO public.sent_events (sent_at, message_id, type, payload, headers)
        WITH heads AS MATERIALIZED (
            SELECT payload, headers, {_HEAD} AS head
              FROM gone WHERE queue = 'events' AND NOT coalesce(headers ? 'sent_at', false)
        ), named AS MATERIALIZED (
            SELECT payload, headers, substring(head from {_ID}) AS id, substring(head from {_TYPE}) AS type FROM heads
        )
        SELECT now(), CASE WHEN {_IS_ID} THEN id::uuid ELSE gen_random_uuid() END,
               CASE WHEN length(type) <= 100 THEN type ELSE 'unreadable' END, payload, headers
          FROM named ON CONFLICT DO NOTHING;
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        -- Without a copy the event is sent nevertheless.
        RAISE WARNING 'sent events were not kept: % (%)', SQLERRM, SQLSTATE;
        RETURN NULL;
    END $$
"""  # noqa: S608  # constants of this module

_TRIGGER = """
    CREATE OR REPLACE TRIGGER outbox_sent AFTER DELETE ON outbox REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION keep_sent_events()
"""

# A table that is attached leaves the relay alone; `CREATE TABLE … PARTITION OF` would lock all partitions against it.
# Today's begins when it is made, so that a gap before it shows in its bounds.
_MAKE = f"""
    CREATE OR REPLACE FUNCTION make_sent_events_partitions() RETURNS void {_AS_OWNER} SET lock_timeout = '2s' AS $$
    DECLARE
        today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
        each_day date;
        part text;
    BEGIN
        PERFORM pg_advisory_xact_lock(22441);
        FOR each_day IN SELECT today + n FROM generate_series(0, 7) AS n LOOP
            part := 'sent_events_' || to_char(each_day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.sent_events INCLUDING ALL)', part);
            EXECUTE format(
                'ALTER TABLE public.sent_events ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                part,
                greatest(each_day::timestamp AT TIME ZONE 'UTC', now()),
                (each_day + 1)::timestamp AT TIME ZONE 'UTC'
            );
        END LOOP;
    END $$
"""  # noqa: S608  # as above

_DROP = f"""
    CREATE OR REPLACE FUNCTION drop_sent_events_partitions(kept_days integer) RETURNS void
    {_AS_OWNER} SET lock_timeout = '1s' AS $$
    DECLARE
        first_kept CONSTANT text :=
            'sent_events_' || to_char((now() AT TIME ZONE 'UTC')::date - greatest(kept_days, 1), 'YYYYMMDD');
        part text;
    BEGIN
        PERFORM pg_advisory_xact_lock(22441);
        FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                     WHERE i.inhparent = 'public.sent_events'::regclass AND c.relname::text < first_kept LOOP
            EXECUTE format('DROP TABLE public.%I', part);
        END LOOP;
    END $$
"""  # noqa: S608  # as above

_FUNCTIONS = ("keep_sent_events()", "make_sent_events_partitions()", "drop_sent_events_partitions(integer)")


_THERE = sa.text("SELECT to_regprocedure('make_sent_events_partitions()') IS NOT NULL")


def make_partitions(connection: sa.Connection) -> None:
    """Make the partitions of the next days, as the worker does. A schema without sent events is left as it is."""
    if connection.scalar(_THERE):
        connection.execute(sa.text("SELECT make_sent_events_partitions()"))


def create_sent_events() -> None:
    """Create `sent_events` with its functions and first partitions, and have the outbox fill it from now on.

    May be run again.
    """
    op.create_table(
        "sent_events",
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("headers", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("sent_at", "message_id", name=op.f("pk_sent_events")),
        postgresql_partition_by="RANGE (sent_at)",
        if_not_exists=True,
    )
    for statement in (_KEEP, _MAKE, _DROP):
        op.execute(statement)
    for function in _FUNCTIONS:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    op.execute("SELECT make_sent_events_partitions()")
    op.execute(_TRIGGER)


def drop_sent_events() -> None:
    """Undo `create_sent_events`. The copies are gone; events are sent as before."""
    op.execute("DROP TRIGGER outbox_sent ON outbox")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("sent_events")
