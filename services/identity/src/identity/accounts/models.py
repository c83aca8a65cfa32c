"""Requests and responses about staff accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.principals import Role
from chassis.canonical.emails import INVALID_EMAIL
from chassis.web.models import Matching, View
from pydantic import Field, SecretStr, StringConstraints

from identity.accounts.rules import EMAIL_PATTERN, MAX_PASSWORD_LENGTH

Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=3, max_length=255),
    Matching(EMAIL_PATTERN, INVALID_EMAIL),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_PASSWORD_LENGTH)]
"""A password as typed, of any quality."""


class StaffSummary(View):
    """Name, address and role of a member of staff."""

    id: UUID
    name: str
    email: str
    role: Role


class StaffView(StaffSummary):
    """A member of staff."""

    is_active: bool
    created_at: datetime
    updated_at: datetime


class StaffName(View):
    """The name of a member of staff."""

    id: UUID
    name: str


class StaffNames(View):
    """The names of all staff, by name."""

    items: list[StaffName]
