"""Registrations as payment gets to know them: the events that registration publishes."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from uuid import UUID, uuid4

from contracts import (
    CorrectedParticipant,
    EventSummary,
    JerseySize,
    RegisteredParticipant,
    RegistrationCancelled,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    RegistrationSurplus,
    RegistrationType,
)

_numbers = count(1)


def _next_number() -> str:
    return f"FR5K-{next(_numbers):05d}"


@dataclass(frozen=True)
class Race:
    """A category of a race, in which registrations are."""

    event_id: UUID = field(default_factory=uuid4)
    category_id: UUID = field(default_factory=uuid4)
    category: str = "5K"
    timezone: str | None = None
    revision: int = 0
    kind: RegistrationType = RegistrationType.INDIVIDUAL

    def summary(self) -> EventSummary:
        """Return what events say about the race."""
        return EventSummary(
            event_id=self.event_id,
            name="Fun Run",
            event_date=date(2027, 3, 14),
            location="Bandung",
            timezone=self.timezone,
            revision=self.revision,
        )


@dataclass
class Entry:
    """Builds the events of one registration."""

    amount: Decimal
    expires_at: datetime
    payer: str
    id: UUID = field(default_factory=uuid4)
    number: str = field(default_factory=_next_number)
    revision: int = 1
    race: Race = field(default_factory=Race)

    def created(self) -> RegistrationCreated:
        """Return the event that opens the invoice."""
        return RegistrationCreated(
            registration_id=self.id,
            registration_number=self.number,
            revision=1,
            event=self.race.summary(),
            category_id=self.race.category_id,
            category_name=self.race.category,
            registration_type=self.race.kind,
            total_participants=1,
            total_amount=self.amount,
            currency="IDR",
            expires_at=self.expires_at,
            participants=(_person("Somebody Else", is_pic=False), _person(self.payer, is_pic=True)),
        )

    def expired(
        self, *, revision: int | None = None, refund: UUID | None = None, known_sequence: int | None = None
    ) -> RegistrationExpired:
        """Return the event of the deadline; `known_sequence` is that of payment's newest event handled before."""
        return RegistrationExpired(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            refund_payment_id=refund,
            payment_sequence=known_sequence,
        )

    def reopened(
        self,
        *,
        revision: int | None = None,
        known_sequence: int = 1,
        expires_at: datetime | None = None,
        awaits: bool = False,
    ) -> RegistrationReopened:
        """Return the event of an expiry that a proof in time undoes."""
        return RegistrationReopened(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            expires_at=expires_at or self.expires_at,
            awaits_payment=awaits,
            payment_sequence=known_sequence,
        )

    def cancelled(self, *, revision: int | None = None, refund: UUID | None = None) -> RegistrationCancelled:
        """Return the event of a cancellation by staff."""
        return RegistrationCancelled(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            reason="asked for by phone",
            refund_payment_id=refund,
        )

    def surplus(self, payment: UUID, *, honoured: UUID) -> RegistrationSurplus:
        """Return the event of a payment for what another payment has paid."""
        return RegistrationSurplus(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(None),
            payment_id=payment,
            honoured_payment_id=honoured,
        )

    def corrected(self, name: str, *, revision: int | None = None, is_pic: bool = True) -> RegistrationCorrected:
        """Return the event of a corrected participant."""
        person = _person(name, is_pic=is_pic).model_dump()
        return RegistrationCorrected(
            registration_id=self.id,
            registration_number=self.number,
            revision=self._next(revision),
            participant=CorrectedParticipant(**person, jersey_size=JerseySize.M),
            changed=("full_name",),
            confirmed=False,
        )

    def _next(self, revision: int | None) -> int:
        self.revision = revision or self.revision + 1
        return self.revision


def _person(name: str, *, is_pic: bool) -> RegisteredParticipant:
    return RegisteredParticipant(
        participant_id=uuid4(), full_name=name, email="someone@example.com", whatsapp="081234567890", is_pic=is_pic
    )
