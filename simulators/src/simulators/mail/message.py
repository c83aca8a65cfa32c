"""The parts of a mail that people see: subject, text, HTML and files."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import MIMEPart

from simulators.attachments import Attachment
from simulators.text import encodable


@dataclass(frozen=True, slots=True)
class Content:
    """A parsed message. `attachments` includes inline images."""

    subject: str
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]


def parse(raw: bytes) -> Content:
    """Parse an RFC 5322 message; one that cannot be parsed becomes the text."""
    try:
        return _parse(raw)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        # The standard library's parser raises any of these for certain malformed headers.
        return Content("", raw.decode("utf-8", "replace"), None, ())


def _parse(raw: bytes) -> Content:
    message = message_from_bytes(raw, policy=policy.default)
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    leaves = [part for part in message.walk() if not part.is_multipart() and part is not text and part is not html]
    return Content(
        subject=encodable(str(message.get("Subject", ""))),
        text=_text(text) if text else "",
        html=_text(html) if html else None,
        attachments=tuple(_attachment(part, number) for number, part in enumerate(leaves)),
    )


def _text(part: MIMEPart) -> str:
    charset = part.get_content_charset("utf-8")
    try:
        return _bytes(part).decode(charset, "replace")
    except LookupError:
        return _bytes(part).decode("utf-8", "replace")


def _attachment(part: MIMEPart, number: int) -> Attachment:
    content_id = encodable(str(part.get("Content-ID", ""))).strip().strip("<>") or None
    filename = encodable(part.get_filename() or f"part-{number}")
    return Attachment(filename, encodable(part.get_content_type()), _bytes(part), content_id)


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
