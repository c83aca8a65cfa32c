"""Every table of this service, so that its metadata is whole."""

from identity.base import Base, service_tables, signing_keys
from identity.sessions.tables import LoginThrottle, RefreshToken, Session
from identity.staff.tables import StaffMember

__all__ = ["Base", "LoginThrottle", "RefreshToken", "Session", "StaffMember", "service_tables", "signing_keys"]
