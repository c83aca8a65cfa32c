"""What a request for places consists of."""

from dataclasses import dataclass
from uuid import UUID

from contracts import AccessCode, RegistrationType

from registration.entries.people import Person
from registration.prices.rules import Asked, Price, contacts


@dataclass(frozen=True, slots=True)
class RegistrationRequest:
    """A checked and priced request for places.

    `price` is for all its participants. It is final unless there is a promo code or a phase that counts participants:
    these are looked up in the transaction of the batch.
    """

    registration_id: UUID
    kind: RegistrationType
    price: Price
    people: tuple[Person, ...]
    access: AccessCode
    idempotency_key: str | None
    request_hash: str
    terms_accepted: bool = False
    promo_code: str | None = None

    @property
    def size(self) -> int:
        """Return how many places it needs, all or none."""
        return len(self.people)

    @property
    def has_final_price(self) -> bool:
        """Return whether the price is final without looking anything up."""
        return self.promo_code is None and not self.price.counters

    def asked(self) -> Asked:
        """Return what its price depends on."""
        in_charge = next(person for person in self.people if person.is_pic)
        return Asked(self.kind, self.promo_code, contacts(in_charge.email, in_charge.whatsapp))
