"""What stands in the calendar about the day of a race."""

from datetime import datetime
from urllib.parse import urlsplit

from chassis.wording import Language, Wording

from web.access import PATH
from web.languages import address
from web.tickets.calendar import RaceDay
from web.tickets.own import OwnTickets

_NUMBER = Wording(en="Registration {number}", id="Pendaftaran {number}")
_PICKUP = Wording(en="Race pack pick-up: {info}", id="Pengambilan race pack: {info}")


def race_day(own: OwnTickets, language: Language, *, public_url: str, now: datetime) -> RaceDay:
    """Return the calendar entry, with the BIBs if there are any yet."""
    entry, race = own.entry, own.entry.event
    bibs = [f"BIB {each.bib_number}: {each.name}" for each in own.tickets or () if each.bib_number is not None]
    pickup = [_PICKUP.said(language, info=race.pickup_info)] if race.pickup_info else []
    return RaceDay(
        uid=f"{entry.registration_id}@{urlsplit(public_url).hostname}",
        stamp=now,
        day=race.event_date,
        summary=f"{race.name} ({entry.category_name})",
        location=race.location,
        description="\n".join((_NUMBER.said(language, number=entry.registration_number), *bibs, *pickup)),
        url=public_url + address(f"{PATH}/{own.number}", language),
    )
