"""What goes in and out about staff."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from chassis.auth.principals import Role
from chassis.web.models import Body, Label, View
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from identity.staff.commands import Changes
from identity.staff.rules import EMAIL_PATTERN, LONGEST_PASSWORD, SHORTEST_PASSWORD

Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=3, max_length=255, pattern=EMAIL_PATTERN),
]


def _encodable(secret: SecretStr) -> SecretStr:
    """JSON can spell halves of characters, which are no text and have no bytes to hash."""
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("is not well-formed text") from None
    return secret


Secret = Annotated[SecretStr, AfterValidator(_encodable)]
NewPassword = Annotated[Secret, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class NewStaff(Body):
    """Somebody to take on."""

    name: Label
    email: Email
    role: Role
    password: NewPassword


class StaffChanges(Body):
    """Fields to change; what is absent stays."""

    name: Label | None = None
    role: Role | None = None
    is_active: bool | None = None
    password: NewPassword | None = None

    @model_validator(mode="after")
    def _something_sensible(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change")
        emptied = sorted(field for field in self.model_fields_set if getattr(self, field) is None)
        if emptied:
            raise ValueError(f"cannot be null: {', '.join(emptied)}")
        return self

    def changes(self) -> Changes:
        """For the command."""
        password = self.password.get_secret_value() if self.password else None
        return Changes(name=self.name, role=self.role, is_active=self.is_active, password=password)


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
