"""What the page of a race shows besides its description."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = {
    "rules": sa.String(),
    "pickup_info": sa.String(),
    "contact_whatsapp": sa.String(20),
    "brand_color": sa.String(7),
}
_FORMS = {"contact_whatsapp": "^[0-9]{7,15}$", "brand_color": "^#[0-9a-f]{6}$"}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("events", sa.Column(name, kind))
    for name, form in _FORMS.items():
        op.create_check_constraint(name, "events", f"{name} ~ '{form}'")


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("events", name)
