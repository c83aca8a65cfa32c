"""Requests about managing staff."""

from typing import Annotated

from chassis.auth.principals import Role
from chassis.web.models import Body, Changes, Label
from pydantic import Field, SecretStr

from identity.accounts.models import Email, Password
from identity.accounts.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD
from identity.staff import commands

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


class PasswordChange(Body):
    """A new password for the caller's own account."""

    current_password: Password
    new_password: NewPassword
