"""What devices send about a pack that they handed out."""

from typing import Annotated, Self
from uuid import UUID

from chassis.web.models import Body, Line, OrNone
from chassis.wording import Refused, Wording
from contracts import JerseySize
from pydantic import StringConstraints, model_validator

from checkin.pickup.rules import REMARKS, Remarks

ONE_OF_BOTH = Wording(
    en="Send either ticket_code or participant_id.", id="Kirim ticket_code atau participant_id, salah satu saja."
)


class PackForm(Body):
    """The participant, by exactly one of ticket code and id, and remarks about the pack.

    The remarks are null if the participant collected it, and got the size that was ordered.
    """

    ticket_code: Annotated[str, StringConstraints(max_length=500)] | None = None
    participant_id: UUID | None = None
    collected_by: OrNone[Line] = None
    letter_seen: bool | None = None
    identity_seen: bool | None = None
    handed_size: JerseySize | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ticket_code is None) == (self.participant_id is None):
            raise Refused(ONE_OF_BOTH)
        return self

    def remarks(self) -> Remarks:
        """Return the remarks."""
        return Remarks(**self.model_dump(include={*REMARKS}))
