"""Authenticated callers: staff, runners and devices."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """Roles of staff. The owner may do everything."""

    OWNER = "owner"
    ADMIN = "admin"
    FINANCE = "finance"
    CHECKIN = "checkin"
    VIEWER = "viewer"


class TokenKind(StrEnum):
    """Values of the `typ` header of tokens: each kind is valid for one sort of caller only."""

    STAFF = "startline-staff+jwt"
    RUNNER = "startline-runner+jwt"
    DEVICE = "startline-device+jwt"


@dataclass(frozen=True)
class Staff:
    """A person of the organiser, in the session that the token was issued for."""

    id: UUID
    role: Role
    session_id: UUID

    @property
    def actor(self) -> str:
        """Return the name of this caller in the audit log."""
        return f"staff:{self.id}"


@dataclass(frozen=True)
class Runner:
    """The holder of the token of one registration."""

    registration_id: UUID

    @property
    def actor(self) -> str:
        """Return the name of this caller in the audit log."""
        return f"runner:{self.registration_id}"


@dataclass(frozen=True)
class Device:
    """A phone or scanner that is logged in at a station."""

    id: UUID
    station_id: UUID

    @property
    def actor(self) -> str:
        """Return the name of this caller in the audit log."""
        return f"device:{self.id}"


Principal = Staff | Runner | Device
