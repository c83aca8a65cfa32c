"""Ended sessions of staff whose access tokens have not expired yet."""

from chassis.migrations.service_tables import create_ended_sessions, drop_ended_sessions

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

upgrade = create_ended_sessions
downgrade = drop_ended_sessions
