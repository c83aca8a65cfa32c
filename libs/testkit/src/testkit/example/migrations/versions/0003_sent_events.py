"""Copies of the events that left the outbox."""

from chassis.migrations.sent_events import create_sent_events, drop_sent_events

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

upgrade = create_sent_events
downgrade = drop_sent_events
