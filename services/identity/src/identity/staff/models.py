"""Requests about managing staff."""

from typing import Annotated

from chassis.auth.principals import Role
from chassis.web.models import Body, Changes, Label
from pydantic import Field, SecretStr

from identity.accounts.models import Email, Password
from identity.accounts.rules import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from identity.staff import commands

NewPassword = Annotated[SecretStr, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)]


class NewStaff(Body):
    """An account to create."""

    name: Label
    email: Email
    role: Role
    password: NewPassword


class StaffChanges(Changes):
    """Fields to change; absent ones stay."""

    name: Label | None = None
    role: Role | None = None
    is_active: bool | None = None
    password: NewPassword | None = None

    def changes(self) -> commands.Changes:
        """Return the changes for the command."""
        password = self.password.get_secret_value() if self.password else None
        return commands.Changes(name=self.name, role=self.role, is_active=self.is_active, password=password)


class PasswordChange(Body):
    """A new password for the caller's own account."""

    current_password: Password
    new_password: NewPassword
