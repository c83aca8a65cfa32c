"""Events about the way back to a registration."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from contracts.envelope import Open, Payload, WireModel
from contracts.registrations import AccessCode


class ContactKind(StrEnum):
    """The channel a contact belongs to."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"


class AccessReplaced(Payload):
    """The access code that opens a registration or a place in line from now on: codes of older versions open nothing.

    Staff replaced the one before, or listeners have not heard of any yet. Race and category are named for listeners
    that know the registration from an older release, whose events did not say.
    """

    TYPE: ClassVar[str] = "access.replaced"

    registration_id: UUID
    access: AccessCode
    event_id: UUID | None = None
    category_id: UUID | None = None


class AccessLink(WireModel):
    """A registration, or without a number a place in line, and the code that opens it."""

    registration_id: UUID
    registration_number: str | None
    participant_name: str
    event_name: str
    category_name: str
    access: AccessCode


class AccessLinksRequested(Payload):
    """Somebody asked for the links of all live registrations of a contact; `links` is never empty.

    `request_id` is the subject. `contact` is in canonical form: an e-mail address or E.164 digits.
    """

    TYPE: ClassVar[str] = "access.links_requested"

    request_id: UUID
    kind: Open[ContactKind]
    contact: str
    links: tuple[AccessLink, ...]
