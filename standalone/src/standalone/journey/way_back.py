"""Opening a registration by the link in a message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from standalone.journey.client import Buyer, Site

_LINK = re.compile(r"https?://[^\s/]+(/r/([^\s/]+)/([^\s/]+))")
_SEE_OTHER = 303


@dataclass(frozen=True)
class Link:
    """A link to a registration. `path` is without the site."""

    path: str
    number: str
    code: str

    def as_json(self) -> Mapping[str, str]:
        """Return the request that exchanges it for a token."""
        return {"registration_number": self.number, "access_code": self.code}


async def link_in_mail(site: Site, email: str) -> Link | None:
    """Return the link in the first mail to this address that has one; None if there is none yet."""
    found = [_LINK.search(mail["text"]) for mail in await site.mails(to=email)]
    return next((Link(*each.groups()) for each in found if each is not None), None)


async def came_back(buyer: Buyer) -> bool:
    """Open the registration by the link in a mail: show its page, get a token. Return False if there is no mail yet.

    Raises:
        AssertionError: the link does not open the registration.
    """
    [person, *_] = buyer.form["participants"]
    link = await link_in_mail(buyer.site, person["email"])
    if link is None:
        return False
    await _see_page(buyer, link)
    opened = (await buyer.site.call("POST", "/registration/v1/access", json=link.as_json())).json()
    if opened["registration_id"] != buyer.entry["registration_id"]:
        raise AssertionError("a link opened another registration")
    buyer.registration = {**buyer.entry, "runner_token": opened["runner_token"]}
    return True


async def _see_page(buyer: Buyer, link: Link) -> None:
    redirect = await buyer.site.http.get(link.path, follow_redirects=False)
    if redirect.status_code != _SEE_OTHER:
        raise AssertionError(f"a link answers {redirect.status_code}")
    page = await buyer.site.http.get(redirect.headers["location"])
    if link.number not in page.text:
        raise AssertionError("the page behind a link does not show the registration")


async def ask_for_link(buyer: Buyer) -> None:
    """Request the link with the WhatsApp number of the person in charge, as typed."""
    [person, *_] = buyer.form["participants"]
    contact = {"contact": person["whatsapp"]}
    await buyer.site.call("POST", "/registration/v1/access/recover", json=contact, expect=202)


async def got_link(buyer: Buyer) -> bool:
    """Return whether the answer to `ask_for_link` came by WhatsApp, with the same link as in the earlier message."""
    [person, *_] = buyer.form["participants"]
    own = buyer.entry["status_url"].partition("/r/")[2]
    sent = [text["text"] for text in await buyer.site.whatsapps(to=_international(person["whatsapp"]))]
    return sum(own in text for text in sent) > 1


def _international(number: str) -> str:
    return "62" + number.removeprefix("0")
