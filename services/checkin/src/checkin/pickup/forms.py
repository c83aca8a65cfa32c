"""What devices send about a pack that they handed out."""

from typing import Annotated, Final, Self
from uuid import UUID

from chassis.canonical.names import visible_line
from chassis.web.models import Body
from chassis.wording import Refused, Wording
from contracts.envelope import LONGEST_VALUE
from pydantic import BeforeValidator, StringConstraints, model_validator

from checkin.pickup.rules import REMARKS, Remarks

ONE_OF_BOTH = Wording(
    en="Send either ticket_code or participant_id.", id="Kirim ticket_code atau participant_id, salah satu saja."
)
_LONGEST_NAME: Final = 255


def _shown(longest: int) -> BeforeValidator:
    """Return a validator that keeps what can be shown of a text: a pack that has left is not refused for a remark."""
    return BeforeValidator(
        lambda value: visible_line(value, longest=longest) or None if isinstance(value, str) else value
    )


class PackForm(Body):
    """The participant, by exactly one of ticket code and id, and remarks about the pack.

    The remarks are null if the participant collected it, and got the size that is ordered: that one is stored then. A
    text among them is kept as far as it can be shown and stored. `handed_size` may be one that only a newer release
    knows, as in the roster.
    """

    ticket_code: Annotated[str, StringConstraints(max_length=500)] | None = None
    participant_id: UUID | None = None
    collected_by: Annotated[str | None, _shown(_LONGEST_NAME)] = None
    letter_seen: bool | None = None
    identity_seen: bool | None = None
    handed_size: Annotated[str | None, _shown(LONGEST_VALUE)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ticket_code is None) == (self.participant_id is None):
            raise Refused(ONE_OF_BOTH)
        return self

    def remarks(self) -> Remarks:
        """Return the remarks."""
        return Remarks(**self.model_dump(include={*REMARKS}))
