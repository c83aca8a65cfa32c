"""Indexes for reading the audit log, built while the service is running."""

from chassis.migrations.service_tables import create_audit_indexes, drop_audit_indexes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

upgrade = create_audit_indexes
downgrade = drop_audit_indexes
