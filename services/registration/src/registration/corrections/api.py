"""The route that corrects a participant."""

from typing import Literal
from uuid import UUID

from chassis.auth.principals import Runner
from chassis.errors import InvalidFields
from chassis.web.dependencies import Work
from chassis.web.models import Changes
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Wording
from contracts import JerseySize

from registration.admission.errors import AlreadyRegistered
from registration.admission.forms import BirthDate, Email, Name, OptionalIdentityNumber, Typed
from registration.corrections import commands
from registration.corrections.errors import ChangesClosed, UnknownParticipant
from registration.corrections.rules import RUNNERS_OWN
from registration.dependencies import Codes, ItsRunnerOrAdmin
from registration.entries.api import ParticipantView
from registration.entries.errors import UnknownRegistration
from registration.waitlist.errors import AlreadyWaiting

router = Router(tags=["registrations"])

ASK_THE_ORGANISER = Wording(en="Ask the organiser to correct this.", id="Minta panitia untuk memperbaiki isian ini.")


class Correction(Changes):
    """Fields to correct; missing ones stay unchanged. A runner may send those in `RUNNERS_OWN`.

    A phone number may be sent back as the API returned it. It then stays unchanged, even if its digits could be parsed
    as another number.
    """

    NULLABLE = frozenset({"identity_number"})

    full_name: Name | None = None
    email: Email | None = None
    whatsapp: Typed | None = None
    gender: Literal["male", "female"] | None = None
    date_of_birth: BirthDate | None = None
    jersey_size: JerseySize | None = None
    identity_number: OptionalIdentityNumber = None
    emergency_contact_name: Name | None = None
    emergency_contact_phone: Typed | None = None

    def require_runners_own(self) -> None:
        """Check that all fields are those that a runner may correct.

        Raises:
            InvalidFields.
        """
        foreign = sorted(self.model_fields_set - RUNNERS_OWN)
        if foreign:
            raise InvalidFields(*((name, ASK_THE_ORGANISER) for name in foreign))


@router.patch(
    "/registrations/{registration_id}/participants/{participant_id}",
    responses=errors(UnknownRegistration, UnknownParticipant, AlreadyRegistered, AlreadyWaiting, ChangesClosed),
)
async def correct_participant(
    registration_id: UUID, participant_id: UUID, body: Correction, who: ItsRunnerOrAdmin, work: Work, codes: Codes
) -> ParticipantView:
    """Correct a participant: staff all fields, the runner some fields until the race's `changes_until`."""
    runner = isinstance(who, Runner)
    if runner:
        body.require_runners_own()
    participant = await commands.correct(
        work, registration_id, participant_id, body.fields(), by=who.actor, within_time=runner, codes=codes
    )
    return ParticipantView.model_validate(participant)
