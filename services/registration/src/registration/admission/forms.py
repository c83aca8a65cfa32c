"""What a runner fills in."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.models import Amount, Body, Line, View
from contracts import JerseySize, RegistrationType
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

_MAILBOX = r"[^@\s\x00-\x1f\x7f,;<>\"]+"
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=255, pattern=rf"^{_MAILBOX}@{_MAILBOX}\.[A-Za-z0-9-]+$")
]
WhatsApp = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{10,15}$")]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20, pattern=r"^\+?[0-9][0-9 ()-]{4,18}$")]
IdentityNumber = Annotated[Line, Field(max_length=50)]

_OLDEST = date(1900, 1, 1)


class ParticipantForm(Body):
    """One participant."""

    full_name: Line
    email: Email
    whatsapp: WhatsApp
    gender: Literal["male", "female"]
    date_of_birth: Annotated[date, Field(ge=_OLDEST)]
    jersey_size: JerseySize
    identity_number: IdentityNumber | None = None
    emergency_contact_name: Line
    emergency_contact_phone: Phone
    is_pic: bool = False


class RegistrationForm(Body):
    """A registration: one runner, or a group of 5 or 10 with one person in charge."""

    category_id: UUID
    registration_type: RegistrationType
    participants: Annotated[list[ParticipantForm], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _a_whole_group_with_one_in_charge(self) -> Self:
        size = self.registration_type.size
        if len(self.participants) != size:
            raise ValueError(f"{self.registration_type.value} needs exactly {size} participants")
        if sum(participant.is_pic for participant in self.participants) != 1:
            raise ValueError("exactly one participant must be the person in charge (is_pic)")
        return self

    def born_before(self, today: date) -> None:
        """Refuse birth dates that are not in the past.

        Raises:
            InvalidFields.
        """
        late = [index for index, each in enumerate(self.participants) if each.date_of_birth >= today]
        if late:
            raise InvalidFields(*((f"participants.{index}.date_of_birth", "must be before today") for index in late))


class RegisteredParticipantView(View):
    """A participant in the answer."""

    participant_id: UUID
    full_name: str
    is_pic: bool


class RegisteredView(View):
    """The answer to a registration. The runner token opens this registration and nothing else."""

    registration_id: UUID
    registration_number: str
    event_id: UUID
    category_id: UUID
    registration_type: RegistrationType
    status: str
    total_participants: int
    total_amount: Amount
    currency: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    participants: list[RegisteredParticipantView]
    runner_token: str
