"""What a runner fills in."""

import re
from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from chassis.canonical.emails import canonical_email
from chassis.canonical.folding import folded
from chassis.canonical.names import clean_line, clean_name
from chassis.canonical.phones import canonical_phone, canonical_whatsapp
from chassis.errors import InvalidFields
from chassis.ids import new_id
from chassis.web.models import Amount, Body, Day, OrNone, View
from chassis.wording import Refused, Wording
from contracts import JerseySize, RegistrationType
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from registration.entries.people import Person, person_key
from registration.prices.forms import PromoCodeText

_IDENTITY_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./-]*[A-Za-z0-9])?")
_INVALID_IDENTITY = Wording(
    en="Write the number of your identity card or passport with letters and digits.",
    id="Tulis nomor KTP atau paspor dengan huruf dan angka.",
)


def _identity_number(typed: str) -> str:
    number = clean_line(typed)
    if not _IDENTITY_NUMBER.fullmatch(number):
        raise Refused(_INVALID_IDENTITY)
    return number


Typed = Annotated[str, StringConstraints(max_length=255)]
"""Text as it was typed, which something else reads and brings into canonical form."""

# Some letters are several in canonical form.
_FitsItsColumn = StringConstraints(max_length=255)

Name = Annotated[Typed, AfterValidator(clean_name), _FitsItsColumn, Field(examples=["Budi Santoso"])]
Email = Annotated[Typed, AfterValidator(canonical_email), _FitsItsColumn, Field(examples=["budi@example.com"])]
WhatsApp = Annotated[Typed, AfterValidator(canonical_whatsapp), Field(examples=["0812 3456 7890"])]
Phone = Annotated[Typed, AfterValidator(canonical_phone), Field(examples=["0812 3456 7890"])]
IdentityNumber = Annotated[str, StringConstraints(max_length=50), AfterValidator(_identity_number)]
OptionalIdentityNumber = OrNone[IdentityNumber]

OLDEST = date(1900, 1, 1)

NOT_BORN = Wording(en="The date of birth must be before today.", id="Tanggal lahir harus sebelum hari ini.")
BORN_TOO_EARLY = Wording(en="The date of birth must be after 1899.", id="Tanggal lahir harus setelah tahun 1899.")


def _in_living_memory(born: date) -> date:
    if born < OLDEST:
        raise Refused(BORN_TOO_EARLY)
    return born


BirthDate = Annotated[Day, AfterValidator(_in_living_memory)]


ONE_IN_CHARGE = Wording(
    en="Mark exactly one participant as the person in charge (is_pic).",
    id="Tandai tepat satu peserta sebagai penanggung jawab (is_pic).",
)


def wrong_size(size: int) -> Wording:
    """Return the refusal of a wrong number of participants for the type of registration, which needs `size`."""
    return Wording(
        en=f"This type of registration needs exactly {size} participants.",
        id=f"Jenis pendaftaran ini memerlukan tepat {size} peserta.",
    )


def same_person(index: int) -> Wording:
    """Return the refusal of a participant who is the same person as the one at `index`, counted from 0."""
    return Wording(
        en=f"This person is in the form already, as number {index + 1} from the top.",
        id=f"Orang ini sudah ada di formulir, urutan ke-{index + 1} dari atas.",
    )


class ParticipantForm(Body):
    """One participant. Each field is one of `Person`, too."""

    full_name: Name
    email: Email
    whatsapp: WhatsApp
    gender: Literal["male", "female"]
    date_of_birth: BirthDate
    jersey_size: JerseySize
    identity_number: OptionalIdentityNumber = None
    emergency_contact_name: Name
    emergency_contact_phone: Phone
    is_pic: bool = False


class RegistrationForm(Body):
    """A registration: one runner, or a group of 5 or 10 with one person in charge."""

    category_id: UUID
    registration_type: RegistrationType
    participants: Annotated[list[ParticipantForm], Field(min_length=1, max_length=10)]
    promo_code: OrNone[PromoCodeText] = None
    terms_accepted: Annotated[
        bool, Field(description="The race's rules and the privacy notice are accepted for all participants.")
    ] = False

    @model_validator(mode="after")
    def _a_whole_group_with_one_in_charge(self) -> Self:
        size = self.registration_type.size
        if len(self.participants) != size:
            raise Refused(wrong_size(size))
        if sum(participant.is_pic for participant in self.participants) != 1:
            raise Refused(ONE_IN_CHARGE)
        return self

    def people(self) -> tuple[Person, ...]:
        """Return the participants as people with new ids.

        Raises:
            InvalidFields: one person is in the form twice.
        """
        first: dict[str, int] = {}
        people = []
        for index, each in enumerate(self.participants):
            key = person_key(each.full_name, each.date_of_birth, each.identity_number)
            same = first.setdefault(key, index)
            if same != index:
                raise InvalidFields((f"participants.{index}", same_person(same)))
            people.append(Person(id=new_id(), person_key=key, search_text=folded(each.full_name), **each.__dict__))
        return tuple(people)

    def content(self) -> bytes:
        """Return what two requests with the same idempotency key must have in common.

        The acceptance of the terms is left out, and so is the promo code if there is none: releases before them compare
        requests without them.
        """
        unknown_before = {"terms_accepted"} if self.promo_code else {"terms_accepted", "promo_code"}
        return self.model_dump_json(exclude=unknown_before).encode()

    def born_before(self, today: date) -> None:
        """Refuse birth dates that are not in the past.

        Raises:
            InvalidFields.
        """
        late = [index for index, each in enumerate(self.participants) if each.date_of_birth >= today]
        if late:
            raise InvalidFields(*((f"participants.{index}.date_of_birth", NOT_BORN) for index in late))


class RegisteredParticipantView(View):
    """A participant in the answer."""

    participant_id: UUID
    full_name: str
    is_pic: bool


class RegisteredView(View):
    """The answer to a registration. The runner token opens this registration and nothing else.

    `total_amount` is `list_amount` less the `discount` of the promo code; it never changes.
    """

    registration_id: UUID
    registration_number: str
    event_id: UUID
    category_id: UUID
    registration_type: RegistrationType
    status: str
    total_participants: int
    total_amount: Amount
    list_amount: Amount
    discount: Amount
    promo_code: str | None
    price_phase: str | None
    currency: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    participants: list[RegisteredParticipantView]
    runner_token: str
    status_url: str
