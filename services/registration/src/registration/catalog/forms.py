"""Request bodies for races and categories."""

import re
from decimal import Decimal
from typing import Annotated, Final
from zoneinfo import available_timezones

from chassis.canonical.phones import canonical_whatsapp
from chassis.colors import carries_text
from chassis.web.models import Amount, Body, Changes, Day, Line, LongText, Matching, Moment, OrNone, Slug, Text
from chassis.wording import Refused, Wording
from pydantic import AfterValidator, Field, StringConstraints, field_validator

from registration.catalog.links import StravaClub, StravaEvent, StravaRoute
from registration.places.tables import BIB_LIMIT

# Upper case, as registration numbers are looked up without regard to case.
Prefix = Annotated[Slug, StringConstraints(to_upper=True, max_length=20)]
# Ten times the maximum still fits the twelve digits of an amount.
Price = Annotated[Amount, Field(le=Decimal("999999999.99"), description="for each participant, in groups, too")]
Bib = Annotated[int, Field(ge=1, le=BIB_LIMIT)]
Quota = Annotated[int, Field(ge=1, le=1_000_000)]
DeadlineHours = Annotated[int, Field(ge=1, le=720)]
Distance = Annotated[Line, Field(max_length=50)]
CodeRequired = Annotated[bool, Field(description="only with a promo code that grants access")]

NO_IMAGE_ADDRESS = Wording(
    en="Use an https address, or a path on this platform that starts with /.",
    id="Pakai alamat https, atau jalur di platform ini yang diawali /.",
)
_IMAGE_ADDRESS = re.compile(
    r"(?:https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?=/)|(?=/(?!/)))[A-Za-z0-9._~!$&()*+,;=:@%/?-]*"
)


def _image_address(address: str) -> str:
    if not _IMAGE_ADDRESS.fullmatch(address):
        raise Refused(NO_IMAGE_ADDRESS)
    return address


ImagePath = Annotated[Line, AfterValidator(_image_address)]
"""An address from which browsers load an image: `https://…`, or a path on this platform."""


NO_COLOR = Wording(
    en="Write the colour as # and six digits or letters from a to f, like #0b5fff.",
    id="Tulis warna sebagai # dan enam angka atau huruf a sampai f, seperti #0b5fff.",
)
UNREADABLE_COLOR = Wording(
    en="Neither white nor black text can be read well on this colour; choose a darker or a lighter one.",
    id="Tulisan putih maupun hitam sulit dibaca di atas warna ini; pilih yang lebih gelap atau lebih terang.",
)


def _brand_color(color: str) -> str:
    lower = color.lower()
    if not carries_text(lower):
        raise Refused(UNREADABLE_COLOR)
    return lower


BrandColor = Annotated[str, Matching("#[0-9A-Fa-f]{6}", NO_COLOR), AfterValidator(_brand_color)]
"""A colour as `#rrggbb`, in lower case, on which white or near-black text can be read."""

ContactWhatsApp = Annotated[
    str, StringConstraints(max_length=255), AfterValidator(canonical_whatsapp), Field(examples=["0812 3456 7890"])
]
PickupInfo = Annotated[Text, Field(max_length=4000)]

NO_TIMEZONE = Wording(
    en="Use a name of the IANA database, like Asia/Jakarta.",
    id="Pakai nama dari basis data IANA, seperti Asia/Jakarta.",
)


# Other names in the database are machine settings (localtime, Factory) and copies (posix/, right/).
_REGIONS: Final = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Etc Europe Indian Pacific UTC".split()  # noqa: SIM905
)


def _known_timezone(name: str | None) -> str | None:
    if name is None or (name.partition("/")[0] in _REGIONS and name in available_timezones()):
        return name
    raise Refused(NO_TIMEZONE)


class NewEvent(Body):
    """A race to create."""

    name: Line
    slug: Slug
    description: OrNone[Text] = None
    event_date: Day
    location: Line
    timezone: Line = "Asia/Jakarta"
    logo_path: OrNone[ImagePath] = None
    banner_path: OrNone[ImagePath] = None
    is_active: bool = True
    changes_until: Moment | None = None
    rules: OrNone[LongText] = None
    pickup_info: OrNone[PickupInfo] = None
    contact_whatsapp: OrNone[ContactWhatsApp] = None
    brand_color: OrNone[BrandColor] = None
    strava_club_url: OrNone[StravaClub] = None
    strava_event_url: OrNone[StravaEvent] = None
    strava_route_url: OrNone[StravaRoute] = None

    _timezone = field_validator("timezone")(_known_timezone)


class EventChanges(Changes):
    """A race's fields to change."""

    NULLABLE = frozenset(
        {
            "description",
            "logo_path",
            "banner_path",
            "changes_until",
            "rules",
            "pickup_info",
            "contact_whatsapp",
            "brand_color",
            "strava_club_url",
            "strava_event_url",
            "strava_route_url",
            "notify_runners",
        }
    )

    name: Line | None = None
    slug: Slug | None = None
    description: OrNone[Text] = None
    event_date: Day | None = None
    location: Line | None = None
    timezone: Line | None = None
    logo_path: OrNone[ImagePath] = None
    banner_path: OrNone[ImagePath] = None
    is_active: bool | None = None
    changes_until: Moment | None = None
    rules: OrNone[LongText] = None
    pickup_info: OrNone[PickupInfo] = None
    contact_whatsapp: OrNone[ContactWhatsApp] = None
    brand_color: OrNone[BrandColor] = None
    strava_club_url: OrNone[StravaClub] = None
    strava_event_url: OrNone[StravaEvent] = None
    strava_route_url: OrNone[StravaRoute] = None
    notify_runners: bool | None = None

    _timezone = field_validator("timezone")(_known_timezone)


class NewCategory(Body):
    """A category to create. Prices are per participant; a missing group price means no such groups."""

    name: Line
    slug: Slug
    description: OrNone[Text] = None
    distance: OrNone[Distance] = None
    price_individual: Price
    price_collective_5: Price | None = None
    price_collective_10: Price | None = None
    quota: Quota
    registration_prefix: Prefix
    bib_start_number: Bib
    bib_end_number: Bib
    is_active: bool = True
    registration_open_at: Moment | None = None
    registration_close_at: Moment | None = None
    payment_deadline_hours: DeadlineHours = 24
    code_required: CodeRequired = False


class CategoryChanges(Changes):
    """A category's fields to change."""

    NULLABLE = frozenset(
        {
            "description",
            "distance",
            "price_collective_5",
            "price_collective_10",
            "registration_open_at",
            "registration_close_at",
        }
    )

    name: Line | None = None
    slug: Slug | None = None
    description: OrNone[Text] = None
    distance: OrNone[Distance] = None
    price_individual: Price | None = None
    price_collective_5: Price | None = None
    price_collective_10: Price | None = None
    quota: Quota | None = None
    registration_prefix: Prefix | None = None
    bib_start_number: Bib | None = None
    bib_end_number: Bib | None = None
    is_active: bool | None = None
    registration_open_at: Moment | None = None
    registration_close_at: Moment | None = None
    payment_deadline_hours: DeadlineHours | None = None
    code_required: CodeRequired | None = None
