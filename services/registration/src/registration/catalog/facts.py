"""The facts of an event that pages of its runners show, also when it is not active any more."""

from datetime import date, datetime
from typing import Final

from chassis.web.models import View
from sqlalchemy.orm import Bundle

from registration.catalog.tables import Race


class EventFacts(View):
    """An event, as the pages of its runners show it."""

    name: str
    slug: str
    event_date: date
    location: str
    timezone: str
    is_active: bool
    changes_until: datetime | None
    pickup_info: str | None
    contact_whatsapp: str | None
    brand_color: str | None


FACTS: Final = Bundle[EventFacts]("event", *(getattr(Race, name) for name in EventFacts.model_fields))
"""The columns of `EventFacts`, to be selected in the query for what belongs to the event."""
