"""Links of an event to Strava: pages there, and nothing else."""

import pytest

from .registration_driver import RegistrationDriver

CLUB = "https://www.strava.com/clubs/lari-kota"
EVENT = f"{CLUB}/group_events/1234567"
ROUTE = "https://www.strava.com/routes/3210123456789012345"
_LINKS = {"strava_club_url": CLUB, "strava_event_url": EVENT, "strava_route_url": ROUTE}


async def test_links_are_shown_changed_and_emptied(driver: RegistrationDriver) -> None:
    made = await driver.create_event(**_LINKS)
    public = (await driver.call("GET", f"/events/{made['slug']}")).require(200)
    for answered in (made, public):
        assert {name: answered[name] for name in _LINKS} == _LINKS
    emptied = await driver.change_event(strava_club_url="", strava_event_url=None, strava_route_url=" ")
    assert {name: emptied[name] for name in _LINKS} == dict.fromkeys(_LINKS)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("https://strava.com/clubs/lari-kota", CLUB),
        ("https://www.strava.com/clubs/lari-kota/", CLUB),
        ("https://WWW.Strava.com/clubs/lari-kota?utm_source=share#members", CLUB),
    ],
)
async def test_an_address_is_stored_without_what_was_added_for_sharing(
    driver: RegistrationDriver, typed: str, stored: str
) -> None:
    await driver.create_event()
    assert (await driver.change_event(strava_club_url=typed))["strava_club_url"] == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strava_club_url", "http://www.strava.com/clubs/1"),
        ("strava_club_url", "https://strava.com.example/clubs/1"),
        ("strava_club_url", "https://www.strava.com@evil.example/clubs/1"),
        ("strava_club_url", "https://www.strava.com:8443/clubs/1"),
        ("strava_club_url", "https://[/clubs/1"),
        ("strava_club_url", "javascript:alert(1)//www.strava.com/clubs/1"),
        ("strava_club_url", "https://www.strava.com/clubs/../athletes/1"),
        ("strava_club_url", "https://www.strava.com/athletes/1"),
        ("strava_club_url", EVENT),
        ("strava_event_url", CLUB),
        ("strava_event_url", f"{CLUB}/group_events/x"),
        ("strava_route_url", "https://www.strava.com/activities/1"),
        ("strava_route_url", f"{ROUTE}/edit"),
    ],
)
async def test_other_addresses_are_refused_at_their_field(driver: RegistrationDriver, field: str, value: str) -> None:
    await driver.create_event()
    answer = await driver.try_change_event(**{field: value})
    assert (answer.status, answer.wrong_fields) == (422, [field])
