"""The QR code of a ticket, which contains only the ticket code."""

import io

import segno


def qr_png(ticket_code: str) -> bytes:
    """Return the QR code as PNG with a quiet zone, large enough for print."""
    image = io.BytesIO()
    segno.make(ticket_code, error="m", micro=False).save(image, kind="png", scale=8, border=4)
    return image.getvalue()
