"""Events, categories, places, registrations, participants and idempotency keys."""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import create_service_tables, create_signing_keys, drop_service_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)


def upgrade() -> None:
    create_service_tables()
    create_signing_keys()
    _events()
    _race_categories()
    _category_places()
    _registrations()
    _participants()
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("response", sa.String(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False, index=True),
    )


def downgrade() -> None:
    for table in (
        "idempotency_keys",
        "participants",
        "registrations",
        "category_places",
        "race_categories",
        "events",
        "signing_keys",
    ):
        op.drop_table(table)
    drop_service_tables()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False, unique=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("slug", sa.String(255), nullable=False, unique=True),
        sa.Column("description", sa.String()),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("location", sa.String(255), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("logo_path", sa.String(255)),
        sa.Column("banner_path", sa.String(255)),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.UniqueConstraint("id", "number"),
        sa.CheckConstraint("name <> ''", name="name_not_empty"),
        sa.CheckConstraint("slug ~ '^[A-Za-z0-9_-]+$'", name="slug_form"),
    )
    op.create_index("ix_events_is_active_event_date", "events", ["is_active", "event_date"])


def _race_categories() -> None:
    op.create_table(
        "race_categories",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("slug", sa.String(255), nullable=False),
        sa.Column("description", sa.String()),
        sa.Column("distance", sa.String(50)),
        sa.Column("price_individual", _MONEY, nullable=False),
        sa.Column("price_collective_5", _MONEY),
        sa.Column("price_collective_10", _MONEY),
        sa.Column("currency", sa.String(3), nullable=False, server_default="IDR"),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("registration_prefix", sa.String(20), nullable=False),
        sa.Column("bib_start_number", sa.Integer(), nullable=False),
        sa.Column("bib_end_number", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("registration_open_at", _TZ),
        sa.Column("registration_close_at", _TZ),
        sa.Column("payment_deadline_hours", sa.Integer(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.ForeignKeyConstraint(["event_id", "event_number"], ["events.id", "events.number"], ondelete="CASCADE"),
        sa.UniqueConstraint("event_id", "slug"),
        sa.UniqueConstraint("id", "event_id"),
        sa.CheckConstraint("registration_prefix ~ '^[A-Za-z0-9_-]+$'", name="prefix_form"),
        sa.CheckConstraint("price_individual >= 0", name="price_individual"),
        sa.CheckConstraint("price_collective_5 >= 0", name="price_collective_5"),
        sa.CheckConstraint("price_collective_10 >= 0", name="price_collective_10"),
        sa.CheckConstraint("quota > 0", name="quota"),
        sa.CheckConstraint("bib_start_number >= 1 AND bib_end_number >= bib_start_number", name="bib_range"),
        sa.CheckConstraint("bib_end_number - bib_start_number + 1 >= quota", name="bibs_for_all"),
        sa.CheckConstraint("payment_deadline_hours BETWEEN 1 AND 720", name="payment_deadline_hours"),
        sa.CheckConstraint("registration_close_at > registration_open_at", name="open_before_close"),
    )
    op.create_index(
        "uq_race_categories_registration_prefix",
        "race_categories",
        [sa.text("upper(registration_prefix)")],
        unique=True,
    )
    op.execute(
        "ALTER TABLE race_categories ADD CONSTRAINT ex_race_categories_bib_range EXCLUDE USING gist (int8range("
        "event_number * 4294967296 + bib_start_number, event_number * 4294967296 + bib_end_number, '[]') WITH &&)"
    )


def _category_places() -> None:
    op.create_table(
        "category_places",
        sa.Column("category_id", sa.Uuid(), sa.ForeignKey("race_categories.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("burned", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("confirmed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_number", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_bib", sa.Integer(), nullable=False),
        sa.Column("bib_end", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken BETWEEN 0 AND quota", name="never_oversold"),
        sa.CheckConstraint("burned >= 0 AND confirmed >= 0 AND burned + confirmed <= taken", name="counts"),
        sa.CheckConstraint("next_bib <= bib_end + 1", name="bibs_in_range"),
        sa.CheckConstraint("bib_end - next_bib + 1 >= quota - burned - confirmed", name="bib_for_every_place"),
        postgresql_with={"fillfactor": "50"},
    )


def _registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("race_category_id", sa.Uuid(), nullable=False),
        sa.Column("registration_number", sa.String(50), nullable=False, unique=True),
        sa.Column("registration_type", sa.String(20), nullable=False),
        sa.Column("total_participants", sa.SmallInteger(), nullable=False),
        sa.Column("total_amount", _MONEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("expires_at", _TZ, nullable=False),
        sa.Column("payment_seen_at", _TZ),
        sa.Column("payment_id", sa.Uuid()),
        sa.Column("payment_verified_at", _TZ),
        sa.Column("payment_verified_by", sa.Uuid()),
        sa.Column("expired_at", _TZ),
        sa.Column("cancelled_at", _TZ),
        sa.Column("notes", sa.String()),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.ForeignKeyConstraint(
            ["race_category_id", "event_id"],
            ["race_categories.id", "race_categories.event_id"],
            name="fk_registrations_race_category_id_event_id",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint(
            "registration_type IN ('individual', 'collective_5', 'collective_10')", name="registration_type"
        ),
        sa.CheckConstraint(
            "total_participants ="
            " CASE registration_type WHEN 'individual' THEN 1 WHEN 'collective_5' THEN 5 ELSE 10 END",
            name="total_participants",
        ),
        sa.CheckConstraint(
            "status IN ('pending_payment', 'payment_uploaded', 'payment_verified', 'expired', 'cancelled')",
            name="status",
        ),
        sa.CheckConstraint("total_amount >= 0", name="total_amount"),
        sa.CheckConstraint("(status = 'payment_verified') <= (payment_id IS NOT NULL)", name="verified_has_payment"),
    )
    newest = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index("ix_registrations_newest_of_all", "registrations", newest)
    op.create_index("ix_registrations_newest", "registrations", ["event_id", *newest])
    op.create_index("ix_registrations_category_status", "registrations", ["race_category_id", "status", *newest])
    op.create_index(
        "ix_registrations_due",
        "registrations",
        ["expires_at"],
        postgresql_where=sa.text("status = 'pending_payment'"),
    )


def _participants() -> None:
    op.create_table(
        "participants",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("registrations.id", ondelete="CASCADE"), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("bib_number", sa.Integer()),
        sa.Column("ticket_code", sa.String(32)),
        sa.Column("is_pic", sa.Boolean(), nullable=False),
        sa.Column("full_name", sa.String(255), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("whatsapp", sa.String(20), nullable=False),
        sa.Column("gender", sa.String(6), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=False),
        sa.Column("jersey_size", sa.String(4), nullable=False),
        sa.Column("identity_number", sa.String(50)),
        sa.Column("emergency_contact_name", sa.String(255), nullable=False),
        sa.Column("emergency_contact_phone", sa.String(20), nullable=False),
        sa.CheckConstraint("gender IN ('male', 'female')", name="gender"),
        sa.CheckConstraint("jersey_size IN ('xs', 's', 'm', 'l', 'xl', 'xxl', 'xxxl')", name="jersey_size"),
        sa.CheckConstraint("whatsapp ~ '^[0-9]{10,15}$'", name="whatsapp"),
        sa.CheckConstraint("full_name <> '' AND email LIKE '%_@_%'", name="reachable"),
        sa.CheckConstraint("(bib_number IS NULL) = (ticket_code IS NULL)", name="bib_with_ticket"),
    )
    _unique("uq_participants_registration_position", ["registration_id", "position"])
    _unique("uq_participants_pic", ["registration_id"], where="is_pic")
    _unique("uq_participants_live_person", ["event_id", "person_key"], where="live")
    _unique("uq_participants_bib", ["bib_number", "event_id"], where="bib_number IS NOT NULL")
    _unique("uq_participants_ticket_code", ["ticket_code"], where="ticket_code IS NOT NULL")
    op.create_index("ix_participants_email", "participants", [sa.text("lower(email)")])
    op.create_index("ix_participants_whatsapp", "participants", ["whatsapp"])
    op.create_index(
        "ix_participants_name",
        "participants",
        [sa.text("to_tsvector('simple'::regconfig, translate(full_name, '-./<>&@_+~', repeat(' ', 10)))")],
        postgresql_using="gin",
    )


def _unique(name: str, columns: list[str], *, where: str | None = None) -> None:
    op.create_index(name, "participants", columns, unique=True, postgresql_where=sa.text(where) if where else None)
