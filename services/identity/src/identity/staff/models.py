"""What goes in and out about staff."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.principals import Role
from chassis.canonical.emails import INVALID_EMAIL
from chassis.web.models import Body, Changes, Label, Matching, View
from pydantic import Field, SecretStr, StringConstraints

from identity.staff import commands
from identity.staff.rules import EMAIL_PATTERN, LONGEST_PASSWORD, SHORTEST_PASSWORD

Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=3, max_length=255),
    Matching(EMAIL_PATTERN, INVALID_EMAIL),
]


NewPassword = Annotated[SecretStr, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class NewStaff(Body):
    """Somebody to take on."""

    name: Label
    email: Email
    role: Role
    password: NewPassword


class StaffChanges(Changes):
    """Fields to change; what is absent stays."""

    name: Label | None = None
    role: Role | None = None
    is_active: bool | None = None
    password: NewPassword | None = None

    def changes(self) -> commands.Changes:
        """For the command."""
        password = self.password.get_secret_value() if self.password else None
        return commands.Changes(name=self.name, role=self.role, is_active=self.is_active, password=password)


class StaffSummary(View):
    """Who somebody is."""

    id: UUID
    name: str
    email: str
    role: Role


class StaffView(StaffSummary):
    """A member of staff."""

    is_active: bool
    created_at: datetime
    updated_at: datetime
