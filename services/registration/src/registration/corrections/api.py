"""The route that corrects a participant."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from chassis.auth.access import Allow
from chassis.auth.principals import Role, Runner, Staff
from chassis.errors import InvalidFields
from chassis.web.dependencies import Work
from chassis.web.models import Body, Day
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from contracts import JerseySize
from fastapi import Depends
from pydantic import Field, model_validator

from registration.admission.errors import AlreadyRegistered
from registration.admission.forms import OLDEST, Email, Name, OptionalIdentityNumber, Typed
from registration.corrections import commands
from registration.corrections.errors import ChangesClosed, UnknownParticipant
from registration.corrections.rules import RUNNERS_OWN
from registration.entries.api import ParticipantView
from registration.entries.errors import UnknownRegistration

router = Router(tags=["registrations"])

ItsRunnerOrAdmin = Annotated[Runner | Staff, Depends(Allow(staff=[Role.ADMIN], runner=True))]

NOTHING_TO_CHANGE = Wording(en="Name at least one field to change.", id="Sebutkan paling sedikit satu isian.")
CANNOT_BE_EMPTY = Wording(en="This cannot be empty.", id="Isian ini tidak boleh kosong.")
ASK_THE_ORGANISER = Wording(en="Ask the organiser to correct this.", id="Minta panitia untuk memperbaiki isian ini.")


class Correction(Body):
    """Fields to correct; what is absent stays. A runner may send those that `RUNNERS_OWN` lists.

    A phone number may be sent back as it was answered: it stays, also where its digits would be read as another.
    """

    full_name: Name | None = None
    email: Email | None = None
    whatsapp: Typed | None = None
    gender: Literal["male", "female"] | None = None
    date_of_birth: Annotated[Day, Field(ge=OLDEST)] | None = None
    jersey_size: JerseySize | None = None
    identity_number: OptionalIdentityNumber = None
    emergency_contact_name: Name | None = None
    emergency_contact_phone: Typed | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise Refused(NOTHING_TO_CHANGE)
        return self

    def fields(self, *, runner: bool) -> dict[str, Any]:
        """Return the fields that were sent.

        Raises:
            InvalidFields: one is empty that cannot be, or one is not for a runner to correct.
        """
        sent = self.model_dump(exclude_unset=True)
        empty = [name for name, value in sent.items() if value is None and name != "identity_number"]
        foreign = sorted(sent.keys() - RUNNERS_OWN) if runner else []
        if empty or foreign:
            raise InvalidFields(
                *((name, CANNOT_BE_EMPTY) for name in sorted(empty)), *((name, ASK_THE_ORGANISER) for name in foreign)
            )
        return sent


@router.patch(
    "/registrations/{registration_id}/participants/{participant_id}",
    responses=errors(UnknownRegistration, UnknownParticipant, AlreadyRegistered, ChangesClosed),
)
async def correct_participant(
    registration_id: UUID, participant_id: UUID, body: Correction, who: ItsRunnerOrAdmin, work: Work
) -> ParticipantView:
    """Correct what was typed: staff everything, the runner what is harmless until the race's `changes_until`."""
    runner = isinstance(who, Runner)
    fields = body.fields(runner=runner)
    participant = await commands.correct(
        work, registration_id, participant_id, fields, by=who.actor, within_time=runner
    )
    return ParticipantView.model_validate(participant)
