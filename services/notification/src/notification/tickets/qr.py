"""The QR code of a ticket. It holds the ticket code and nothing else."""

import io

import segno


def qr_png(ticket_code: str) -> bytes:
    """A PNG with a quiet zone, large enough for print."""
    image = io.BytesIO()
    segno.make(ticket_code, error="m", micro=False).save(image, kind="png", scale=8, border=4)
    return image.getvalue()
