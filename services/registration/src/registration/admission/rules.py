"""What a request for places consists of."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from contracts import AccessCode, RegistrationType

from registration.entries.people import Person


@dataclass(frozen=True, slots=True)
class RegistrationRequest:
    """A checked and priced request for places. `amount` is for all its participants."""

    registration_id: UUID
    kind: RegistrationType
    amount: Decimal
    people: tuple[Person, ...]
    access: AccessCode
    idempotency_key: str | None
    request_hash: str
    terms_accepted: bool = False

    @property
    def size(self) -> int:
        """Return how many places it needs, all or none."""
        return len(self.people)
