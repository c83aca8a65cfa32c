"""Copies of the events that left the outbox, by day. Expands only: a release before this one fills them, too."""

from chassis.migrations.sent_events import create_sent_events, drop_sent_events

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

upgrade = create_sent_events
downgrade = drop_sent_events
