"""Events about a race."""

from typing import ClassVar
from uuid import UUID

from contracts.envelope import Payload, WireModel
from contracts.registrations import EventSummary


class CategoryName(WireModel):
    """The name of a category, as used in messages."""

    category_id: UUID
    name: str


class RaceChanged(Payload):
    """Facts of a race or the name of one of its categories changed; the subject is the race.

    Subscribers keep the newest by `event.revision`. `changed` names the race's fields (and `categories`);
    `notify_runners` asks for one message to each confirmed runner.
    """

    TYPE: ClassVar[str] = "race.changed"

    event: EventSummary
    categories: tuple[CategoryName, ...]
    changed: tuple[str, ...]
    notify_runners: bool
