"""All tables of this service. Importing this module completes the metadata."""

from identity.accounts.tables import StaffMember
from identity.base import Base, service_tables, signing_keys
from identity.sessions.tables import LoginThrottle, RefreshToken, Session

__all__ = ["Base", "LoginThrottle", "RefreshToken", "Session", "StaffMember", "service_tables", "signing_keys"]
