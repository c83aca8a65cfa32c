"""A race as search engines read it: schema.org's SportsEvent."""

from typing import Any, Final

from web.site.rules import Availability
from web.site.views import RaceView

_STOCK: Final = {
    Availability.OPEN: "InStock",
    Availability.FEW_LEFT: "LimitedAvailability",
    Availability.NOT_OPEN: "PreOrder",
    Availability.SOLD_OUT: "SoldOut",
    Availability.CLOSED: "Discontinued",
}


def sports_event(race: RaceView, url: str, *, site: str) -> dict[str, Any]:
    """Return the JSON-LD of a race.

    Args:
        url: of the race's page.
        site: base URL of the site.
    """
    event: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "SportsEvent",
        "name": race.name,
        "url": url,
        "startDate": race.date.isoformat(),
        "eventStatus": "https://schema.org/EventScheduled",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "sport": "Running",
        "location": {"@type": "Place", "name": race.location, "address": race.location},
        "offers": _offers(race, url),
    }
    if race.description:
        event["description"] = race.description
    if race.banner:
        event["image"] = [site + file.address for file in (race.banner.share, *race.banner.files[-1:]) if file]
    return event


def _offers(race: RaceView, url: str) -> list[dict[str, Any]]:
    offers = []
    for category in race.categories:
        offer: dict[str, Any] = {
            "@type": "Offer",
            "name": category.name,
            "price": str(category.prices[0][1]),
            "priceCurrency": "IDR",
            "availability": f"https://schema.org/{_STOCK[category.availability]}",
            "url": url,
        }
        if category.opens_at:
            offer["validFrom"] = category.opens_at.isoformat()
        if category.phase and category.phase.ends_at:
            offer["priceValidUntil"] = category.phase.ends_at.isoformat()
        offers.append(offer)
    return offers
