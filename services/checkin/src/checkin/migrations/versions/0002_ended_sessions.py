"""Sessions of staff that ended while access tokens of theirs are still good."""

from chassis.migrations.service_tables import create_ended_sessions, drop_ended_sessions

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

upgrade = create_ended_sessions
downgrade = drop_ended_sessions
