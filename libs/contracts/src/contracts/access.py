"""Events about access to a registration by link."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from contracts.envelope import Open, Payload, WireModel
from contracts.registrations import AccessCode


class ContactKind(StrEnum):
    """The channel that a contact belongs to."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"


class AccessReplaced(Payload):
    """The access code of a registration or waiting list entry from now on; codes of older versions become invalid.

    Staff replaced the previous code, or subscribers have not received one yet. Race and category are included for
    subscribers that know the registration from an older release, whose events did not contain them.
    """

    TYPE: ClassVar[str] = "access.replaced"

    registration_id: UUID
    access: AccessCode
    event_id: UUID | None = None
    category_id: UUID | None = None


class AccessLink(WireModel):
    """A registration, or without a number a waiting list entry, and its access code."""

    registration_id: UUID
    registration_number: str | None
    participant_name: str
    event_name: str
    category_name: str
    access: AccessCode


class AccessLinksRequested(Payload):
    """The links of all live registrations of a contact were requested; `links` is never empty.

    `request_id` is the subject. `contact` is in canonical form: an e-mail address or E.164 digits.
    """

    TYPE: ClassVar[str] = "access.links_requested"

    request_id: UUID
    kind: Open[ContactKind]
    contact: str
    links: tuple[AccessLink, ...]
