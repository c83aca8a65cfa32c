"""Building mails: text, HTML, inline QR image, attached ticket."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from chassis.canonical.emails import canonical_email
from chassis.wording import Refused

from notification.channels.errors import PermanentFailure
from notification.channels.headers import ParsedHeaders, header_block, mailbox, unstructured
from notification.channels.port import QR_CONTENT_ID, OutboundMessage, TicketFiles
from notification.messages.rules import one_line

_POLICY = SMTP.clone(cte_type="7bit")
_MIME_HEADERS = ["MIME-Version", "Content-Type"]
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Mail:
    """A finished mail and its only recipient."""

    recipient: str
    content: bytes


def build_mail(message: OutboundMessage, *, from_address: str, from_name: str, now: datetime) -> Mail:
    """Return the mail. Its Message-ID contains the message's id, so that a mail sent twice can be recognised.

    Raises:
        PermanentFailure: the recipient's address is invalid, or a header would be parsed differently than intended.
    """
    recipient = _recipient(message)
    sender = (one_line(from_name), from_address)
    addressed = (one_line(message.recipient_name), recipient)
    subject = one_line(message.subject)
    headers = {
        "From": mailbox("From", *sender),
        "To": mailbox("To", *addressed),
        "Subject": unstructured("Subject", subject),
        "Date": format_datetime(now),
        "Message-ID": f"<{message.id}@{from_address.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    content = header_block(headers) + _parts(message).as_bytes()
    read = ParsedHeaders(content)
    parsed = (read.mailboxes("From"), read.mailboxes("To"), read.text("Subject"))
    if read.names != [*headers, *_MIME_HEADERS] or parsed != ([sender], [addressed], subject):
        raise PermanentFailure("mail_headers_unsafe")
    return Mail(recipient, content)


def _recipient(message: OutboundMessage) -> str:
    try:
        return canonical_email(message.recipient)
    except Refused:
        raise PermanentFailure("mail_address_invalid") from None


def _parts(message: OutboundMessage) -> EmailMessage:
    parts = EmailMessage(policy=_POLICY)
    parts.set_content(message.body)
    parts.add_alternative(message.html, subtype="html")
    if message.ticket is not None:
        _attach_ticket(parts, message.ticket)
    return parts


def _attach_ticket(parts: EmailMessage, ticket: TicketFiles) -> None:
    page = parts.get_body(("html",))
    if isinstance(page, EmailMessage):
        image_id = f"<{QR_CONTENT_ID}>"
        page.add_related(ticket.qr_png, "image", "png", cid=image_id, filename="qr.png", disposition="inline")
    name = _NOT_IN_FILE_NAMES.sub("-", ticket.pdf_name)
    parts.add_attachment(ticket.pdf, maintype="application", subtype="pdf", filename=name)
