"""Initial state of the tables that every service has. Frozen: changes are separate migrations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

_TZ = sa.DateTime(timezone=True)


def create_service_tables() -> None:
    """Create outbox, event_retries, dead_letters, processed_events and the append-only audit_log."""
    _queue_table("outbox")
    _queue_table("event_retries")
    _dead_letters()
    op.create_table(
        "processed_events",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("processed_at", _TZ, nullable=False, server_default=sa.func.now(), index=True),
    )
    _audit_log()


def drop_service_tables() -> None:
    """Undo `create_service_tables`."""
    for table in ("audit_log", "processed_events", "dead_letters", "event_retries", "outbox"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change()")


def create_ended_sessions() -> None:
    """Create `ended_sessions`: sessions of staff whose access tokens are refused until they have expired."""
    op.create_table(
        "ended_sessions",
        sa.Column("session_id", sa.Uuid(), primary_key=True),
        sa.Column("until", _TZ, nullable=False),
    )


def drop_ended_sessions() -> None:
    """Undo `create_ended_sessions`."""
    op.drop_table("ended_sessions")


_AUDIT_INDEXES = {
    "ix_audit_log_actor_newest": "actor",
    "ix_audit_log_action_newest": "action",
    "ix_audit_log_group_newest": "split_part(action::text, '.'::text, 1)",
    "ix_audit_log_subject_newest": "subject",
}


def create_audit_indexes() -> None:
    """Index the audit log by what it is filtered by, each in the order of time, while the service is running."""
    with op.get_context().autocommit_block():
        for name, column in _AUDIT_INDEXES.items():
            op.drop_index(name, "audit_log", if_exists=True, postgresql_concurrently=True)  # of an interrupted attempt
            op.create_index(name, "audit_log", [sa.text(column), "at", "id"], postgresql_concurrently=True)
        op.drop_index("ix_audit_log_subject", "audit_log", if_exists=True, postgresql_concurrently=True)


def drop_audit_indexes() -> None:
    """Undo `create_audit_indexes`."""
    with op.get_context().autocommit_block():
        for name in ("ix_audit_log_subject", *_AUDIT_INDEXES):
            op.drop_index(name, "audit_log", if_exists=True, postgresql_concurrently=True)
        op.create_index("ix_audit_log_subject", "audit_log", ["subject"], postgresql_concurrently=True)


def create_signing_keys() -> None:
    """Create `signing_keys`, for services that issue tokens. At most one key is current."""
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(64), primary_key=True),
        sa.Column("sealed_private_key", sa.String(), nullable=False),
        sa.Column("public_key", JSONB(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("verifies_until", _TZ, nullable=True),
    )
    op.create_index(
        "uq_signing_keys_is_current",
        "signing_keys",
        ["is_current"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )


def _queue_table(name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("queue", sa.String(255), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("headers", JSONB(), nullable=True),
        sa.Column("attempts_count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("deliveries_count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("created_at", _TZ, nullable=False, server_default=sa.func.now()),
        sa.Column("next_attempt_at", _TZ, nullable=False, server_default=sa.func.now()),
        sa.Column("first_attempt_at", _TZ, nullable=True),
        sa.Column("last_attempt_at", _TZ, nullable=True),
        sa.Column("acquired_at", _TZ, nullable=True),
        sa.Column("acquired_token", sa.Uuid(), nullable=True),
        sa.Column("timer_id", sa.String(255), nullable=True),
        sa.CheckConstraint("(acquired_token IS NULL) = (acquired_at IS NULL)", name=op.f(f"{name}_lease_ck")),
    )
    order = ["queue", "next_attempt_at", "id"]
    op.create_index(f"{name}_pending_idx", name, order, postgresql_where=sa.text("acquired_token IS NULL"))
    op.create_index(f"{name}_leased_idx", name, order, postgresql_where=sa.text("acquired_token IS NOT NULL"))
    op.create_index(
        f"{name}_timer_id_uq",
        name,
        ["queue", "timer_id"],
        unique=True,
        postgresql_where=sa.text("timer_id IS NOT NULL"),
    )
    # A queue table is small and changes often: vacuum by row count, not by share of its size.
    op.execute(
        f"ALTER TABLE {name} SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,"
        " autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000)"
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("original_id", sa.BigInteger(), nullable=False),
        sa.Column("queue", sa.String(255), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("headers", JSONB(), nullable=True),
        sa.Column("deliveries_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("failed_at", _TZ, nullable=False, server_default=sa.func.now()),
        sa.Column("failure_reason", sa.String(64), nullable=False),
        sa.Column("last_exception", sa.String(), nullable=True),
        sa.Column("timer_id", sa.String(255), nullable=True),
    )
    op.create_index("dead_letters_queue_failed_idx", "dead_letters", ["queue", "failed_at"])


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("at", _TZ, nullable=False, index=True),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False, index=True),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("correlation_id", sa.String(64), nullable=False),
    )
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
