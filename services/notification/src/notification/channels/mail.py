"""Building mails: text, page, QR image shown in the page, ticket attached."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from notification.channels.addresses import InvalidAddress, mail_address
from notification.channels.port import QR_CONTENT_ID, OutboundMessage, PermanentFailure
from notification.templates.rules import one_line

_POLICY = SMTP.clone(cte_type="7bit")


def build_mail(message: OutboundMessage, *, from_address: str, from_name: str, now: datetime) -> EmailMessage:
    """The mail. Its Message-ID comes from ours, so that the same message sent twice can be told by whoever gets it.

    Raises:
        PermanentFailure: the recipient's address is none.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(display_name=one_line(from_name), addr_spec=from_address)
    mail["To"] = _recipient(message)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.id}@{from_address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    mail.add_alternative(message.html, subtype="html")
    if message.ticket is not None:
        _attach_ticket(mail, message)
    return mail


def _recipient(message: OutboundMessage) -> Address:
    try:
        return Address(display_name=one_line(message.recipient_name), addr_spec=mail_address(message.recipient))
    except InvalidAddress:
        raise PermanentFailure("the e-mail address is not an address") from None


def _attach_ticket(mail: EmailMessage, message: OutboundMessage) -> None:
    ticket = message.ticket
    if ticket is None:
        return
    page = mail.get_body(("html",))
    if isinstance(page, EmailMessage):
        image_id = f"<{QR_CONTENT_ID}>"
        page.add_related(ticket.qr_png, "image", "png", cid=image_id, filename="qr.png", disposition="inline")
    mail.add_attachment(ticket.pdf, maintype="application", subtype="pdf", filename=ticket.pdf_name)
