"""Links of events to Strava, and their courses.

A process of the previous release neither reads nor writes them. It may be run again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "strava_club_url": sa.String(255),
    "strava_event_url": sa.String(255),
    "strava_route_url": sa.String(255),
    "course_version": sa.String(20),
    "course_meters": sa.Integer(),
}
_CHECKS = {
    "strava_club_url": "strava_club_url ~ '^https://www[.]strava[.]com/clubs/[A-Za-z0-9_-]+$'",
    "strava_event_url": ("strava_event_url ~ '^https://www[.]strava[.]com/clubs/[A-Za-z0-9_-]+/group_events/[0-9]+$'"),
    "strava_route_url": "strava_route_url ~ '^https://www[.]strava[.]com/routes/[0-9]+$'",
    "course": "(course_version IS NULL) = (course_meters IS NULL) AND course_meters >= 0",
}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("events", sa.Column(name, kind), if_not_exists=True)
    for name, rule in _CHECKS.items():
        op.execute(f"ALTER TABLE events DROP CONSTRAINT IF EXISTS ck_events_{name}")
        op.create_check_constraint(name, "events", rule)
    op.create_table(
        "event_courses",
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("gpx", sa.LargeBinary(), nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("event_courses")
    for name in reversed(_COLUMNS):
        op.drop_column("events", name)
