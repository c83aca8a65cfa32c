"""Stations and devices, the roster, check-ins."""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import create_service_tables, create_signing_keys, drop_service_tables
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0001"
down_revision = None

_TZ = sa.DateTime(timezone=True)
_PUNCTUATION = "!#$%&()*+,-./:;<=>?@[]^_`{|}~"


def upgrade() -> None:
    """Create everything."""
    create_service_tables()
    create_signing_keys()
    _stations()
    _devices()
    _roster()
    _checkins()


def downgrade() -> None:
    """Drop everything."""
    for table in ("checkins", "roster", "roster_revisions", "devices", "stations", "signing_keys"):
        op.drop_table(table)
    drop_service_tables()


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _stations() -> None:
    op.create_table(
        "stations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("location_name", sa.String(255), nullable=False),
        sa.Column("pin_hash", sa.String(255), nullable=False),
        sa.Column("pin_changed_at", _TZ, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("forgiven_through", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("locked_at", _TZ, nullable=True),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
        _check("stations", "name_not_empty", "name <> ''"),
        _check("stations", "location_name_not_empty", "location_name <> ''"),
        _check("stations", "failures", "attempts - forgiven_through BETWEEN 0 AND 10"),
        _check("stations", "locked_when_used_up", "(locked_at IS NOT NULL) = (attempts - forgiven_through = 10)"),
    )
    op.create_index("ix_stations_created_at_id", "stations", ["created_at", "id"])


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("expires_at", _TZ, nullable=False),
        sa.Column("revoked_at", _TZ, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_devices_station_id")),
        _check("devices", "name_not_empty", "name <> ''"),
    )
    op.create_index("ix_devices_created_at_id", "devices", ["created_at", "id"])
    op.create_index("ix_devices_station_id_created_at_id", "devices", ["station_id", "created_at", "id"])
    op.create_index("ix_devices_not_revoked", "devices", ["station_id"], postgresql_where=sa.text("revoked_at IS NULL"))


def _roster() -> None:
    op.create_table(
        "roster_revisions",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_roster_revisions")),
    )
    name_words = f"to_tsvector('simple', translate(full_name, '{_PUNCTUATION}', '{' ' * len(_PUNCTUATION)}'))"
    op.create_table(
        "roster",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("registration_number", sa.String(50), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_name", sa.String(255), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("category_name", sa.String(255), nullable=False),
        sa.Column("full_name", sa.String(255), nullable=False),
        sa.Column("bib_number", sa.Integer(), nullable=False),
        sa.Column("ticket_code", sa.String(32), nullable=False),
        sa.Column("jersey_size", sa.String(10), nullable=False),
        sa.Column("is_pic", sa.Boolean(), nullable=False),
        sa.Column("cancelled_at", _TZ, nullable=True),
        sa.Column("name_words", TSVECTOR(), sa.Computed(name_words, persisted=True), nullable=False),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_roster")),
        sa.UniqueConstraint("ticket_code", name=op.f("uq_roster_ticket_code")),
        _check("roster", "ticket_code_form", "ticket_code ~ '^[0-9a-f]{32}$'"),
        _check("roster", "bib_number", "bib_number > 0"),
        _check("roster", "jersey_size", "jersey_size IN ('xs', 's', 'm', 'l', 'xl', 'xxl', 'xxxl')"),
    )
    op.create_index("ix_roster_registration_id", "roster", ["registration_id"])
    op.create_index("ix_roster_bib_number", "roster", ["bib_number"])
    op.create_index("ix_roster_event_id_category_id", "roster", ["event_id", "category_id"])
    op.create_index("ix_roster_name_words", "roster", ["name_words"], postgresql_using="gin")
    op.create_index("ix_roster_registration_number", "roster", [sa.text("lower(registration_number)")])


def _checkins() -> None:
    op.create_table(
        "checkins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("station_name", sa.String(255), nullable=False),
        sa.Column("location_name", sa.String(255), nullable=False),
        sa.Column("notes", sa.String(1000), nullable=True),
        sa.Column("idempotency_key", sa.String(100), nullable=True),
        sa.Column("checked_in_at", _TZ, nullable=False),
        sa.Column("undone_at", _TZ, nullable=True),
        sa.Column("undone_by", sa.String(100), nullable=True),
        sa.Column("undo_reason", sa.String(1000), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkins")),
        sa.ForeignKeyConstraint(["participant_id"], ["roster.participant_id"], name=op.f("fk_checkins_participant_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_checkins_station_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_checkins_device_id")),
        _check(
            "checkins",
            "undone_by_someone_for_a_reason",
            "(undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undo_reason IS NULL)",
        ),
    )
    op.create_index(
        "uq_checkins_participant_id_standing",
        "checkins",
        ["participant_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_index(
        "uq_checkins_device_id_idempotency_key",
        "checkins",
        ["device_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index("ix_checkins_participant_id", "checkins", ["participant_id"])
    op.create_index("ix_checkins_checked_in_at_location_name", "checkins", ["checked_in_at", "location_name"])
