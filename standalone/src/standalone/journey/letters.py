"""The e-tickets that arrive by mail and WhatsApp."""

from collections.abc import Sequence
from typing import Any

from standalone.journey.checks import expect
from standalone.journey.client import Site
from standalone.journey.pictures import qr_text_in_mail

Recipient = tuple[str, str, dict[str, Any]]
"""E-mail address, WhatsApp number and ticket of a runner."""


async def all_arrived(site: Site, people: Sequence[Recipient]) -> bool:
    """Return whether each e-ticket was mailed, and its code sent by WhatsApp."""
    mailed = {mail["to"] for mail in await site.mails() if mail.get("attachments")}
    texts = "\n".join(message["text"] for message in await site.whatsapps())
    return all(email in mailed and ticket["ticket_code"] in texts for email, _, ticket in people)


async def code_in_mail(site: Site, email: str) -> str | None:
    """Return what the QR code of the only e-ticket mailed to an address says, and check its PDF."""
    with_ticket = [mail for mail in await site.mails(to=email) if mail.get("attachments")]
    expect(len(with_ticket) == 1, f"{email} got {len(with_ticket)} e-tickets")
    pdf = [each for each in with_ticket[0]["attachments"] if each["content_type"] == "application/pdf"]
    expect(len(pdf) == 1 and pdf[0]["size"] > 0, f"{email} got no PDF ticket")
    return qr_text_in_mail(await site.raw_mail(with_ticket[0]["id"]))
