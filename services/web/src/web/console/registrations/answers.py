"""What the APIs answer about registrations."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from web.upstream.client import Answer


class Summary(Answer):
    """A registration in the list."""

    registration_id: UUID
    registration_number: str
    category_id: UUID
    registration_type: str
    status: str
    total_participants: int
    total_amount: Decimal
    created_at: datetime
    expires_at: datetime
    pic_name: str


class Summaries(Answer):
    """A page of the list."""

    items: tuple[Summary, ...]
    next_cursor: str | None = None


class Matching(Answer):
    """The ids of what matches. `more` says that not all are listed; `total` is None if it is not known."""

    registration_ids: tuple[UUID, ...]
    more: bool
    total: int | None


class _Count(Answer):
    category_id: UUID
    status: str
    registrations: int


class Counts(Answer):
    """Numbers of registrations by category and status."""

    items: tuple[_Count, ...]

    def of(self, category_id: UUID | None, status: str) -> int:
        """Return the number of those in a category and a status; None and an empty status mean all."""
        return sum(
            each.registrations
            for each in self.items
            if category_id in (None, each.category_id) and status in ("", each.status)
        )


class _Person(Answer):
    full_name: str
    is_pic: bool


class Chosen(Answer):
    """A registration that something is to be done to."""

    registration_id: UUID
    registration_number: str
    status: str
    total_participants: int
    participants: tuple[_Person, ...]

    @property
    def pic_name(self) -> str:
        """Return the name of the person in charge; empty if there is none."""
        return next((each.full_name for each in self.participants if each.is_pic), "")


class Effects(Answer):
    """What cancelling a registration would do."""

    places_freed: int
    bibs_burned: int
    proof_waiting: bool
    refund_due: Decimal | None


class Outcome(Answer):
    """What became of one registration. `detail` says why it was refused."""

    registration_id: UUID
    result: str
    code: str | None = None
    detail: str | None = None


class Outcomes(Answer):
    """What became of each."""

    items: tuple[Outcome, ...]

    @property
    def unavailable(self) -> Sequence[UUID]:
        """Return those that may be tried once more, as the database was away."""
        return [each.registration_id for each in self.items if each.code == "unavailable"]


class Message(Answer):
    """A message of the log; `resend_of` is the one that it repeats."""

    id: UUID
    resend_of: UUID | None
    participant_id: UUID | None
    channel: str
    created_at: datetime
    sent_at: datetime | None


class Messages(Answer):
    """Messages about a registration, newest first."""

    items: tuple[Message, ...]


def total_effects(effects: Sequence[Effects]) -> dict[str, int | Decimal]:
    """Return what cancelling several would do together."""
    refunds = [each.refund_due for each in effects if each.refund_due is not None]
    return {
        "places": sum(each.places_freed for each in effects),
        "bibs": sum(each.bibs_burned for each in effects),
        "proofs": sum(each.proof_waiting for each in effects),
        "refunds": len(refunds),
        "refund_sum": sum(refunds, Decimal(0)),
    }
