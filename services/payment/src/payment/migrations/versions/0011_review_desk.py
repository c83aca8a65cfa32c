"""Who looks at a proof, decisions that take effect later, what proofs look like, and reasons of rejections.

May be run again. The checks are valid from 0013 on: to read every row here would hold up all payments.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)

_COLUMNS: dict[str, Any] = {
    "leased_by": sa.Uuid(),
    "leased_until": _TZ,
    "held_outcome": sa.String(20),
    "held_reason": sa.String(),
    "held_by": sa.Uuid(),
    "held_at": _TZ,
    "held_until": _TZ,
    "held_revision": sa.Integer(),
}
_CHECKS = {
    "leased": "(leased_by IS NULL) = (leased_until IS NULL)",
    "held": "(held_outcome IS NULL) = (held_until IS NULL) AND (held_outcome IS NULL) = (held_by IS NULL)"
    " AND (held_outcome IS NULL) = (held_at IS NULL) AND (held_outcome IS NULL) = (held_revision IS NULL)"
    " AND (held_outcome IS NOT DISTINCT FROM 'rejected') = (held_reason IS NOT NULL)"
    " AND held_outcome IN ('verified', 'rejected')",
}
_BANDS = tuple(f"band_{number}" for number in range(4))


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("payments", sa.Column(name, kind), if_not_exists=True)
    for name, check in _CHECKS.items():
        op.execute(f"ALTER TABLE payments DROP CONSTRAINT IF EXISTS ck_payments_{name}")
        op.create_check_constraint(name, "payments", check, postgresql_not_valid=True)
    op.add_column("payment_settings", sa.Column("rejection_reasons", JSONB()), if_not_exists=True)
    _proof_fingerprints()


def downgrade() -> None:
    op.drop_table("proof_fingerprints")
    op.drop_column("payment_settings", "rejection_reasons")
    for name in _CHECKS:
        op.drop_constraint(name, "payments", type_="check")
    for name in reversed(_COLUMNS):
        op.drop_column("payments", name)


def _proof_fingerprints() -> None:
    op.create_table(
        "proof_fingerprints",
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("dhash", sa.BigInteger()),
        *(sa.Column(band, sa.Integer()) for band in _BANDS),
        sa.Column("detail", sa.LargeBinary()),
        sa.Column("reference_key", sa.String(64)),
        if_not_exists=True,
    )
    for name in ("dhash", *_BANDS):
        op.create_index(f"ix_proof_fingerprints_{name}", "proof_fingerprints", [name], if_not_exists=True)
    op.create_index(
        "ix_proof_fingerprints_reference_key",
        "proof_fingerprints",
        ["reference_key"],
        postgresql_where=sa.text("reference_key IS NOT NULL"),
        if_not_exists=True,
    )
