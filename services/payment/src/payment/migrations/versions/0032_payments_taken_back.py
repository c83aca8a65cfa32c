"""What banks took back of payments.

May be run again. Only adds a column, which the release before leaves alone: what is taken back while both releases run
may be missing in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# The payment of money that was kept before has another source than its charge.
_BEFORE = """
UPDATE payments SET taken_back = back.amount
  FROM (SELECT coalesce('money:' || kept.id, moved.source) AS source, moved.amount
          FROM (SELECT substring(source FROM '^charge:[^:]+') AS source, sum(amount) AS amount FROM movements
                 WHERE kind IN ('reversal', 'chargeback') AND source LIKE 'charge:%' GROUP BY 1) AS moved
          LEFT JOIN unassigned_money kept ON kept.source = moved.source) AS back
 WHERE payments.source = back.source AND payments.taken_back = 0
"""


def upgrade() -> None:
    column: sa.Column[object] = sa.Column("taken_back", sa.Numeric(12, 2), nullable=False, server_default="0")
    op.add_column("payments", column, if_not_exists=True)
    with op.get_context().autocommit_block():
        op.execute(_BEFORE)


def downgrade() -> None:
    op.drop_column("payments", "taken_back", if_exists=True)
