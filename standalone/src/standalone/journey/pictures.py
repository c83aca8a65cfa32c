"""Pictures for the journey: payment proofs, the organiser's QRIS code, and reading QR codes."""

import base64
import io
from email import message_from_bytes, policy

import segno
import zxingcpp
from PIL import Image, ImageDraw

QRIS_TEXT = "00020101021126570011ID.STARTLINE.DEMO5204799353033605802ID5909STARTLINE6007JAKARTA6304"


def payment_proof(number: str, amount: str) -> bytes:
    """Return a JPEG, as from a phone, of a banking app's receipt."""
    picture = Image.new("RGB", (720, 1280), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 720, 160), fill=(0, 102, 174))
    pen.text((40, 60), "TRANSFER BERHASIL", fill="white", font_size=42)
    for line, text in enumerate((number, f"Rp {amount}", "Startline Fun Run")):
        pen.text((40, 240 + 90 * line), text, fill="black", font_size=40)
    return _saved(picture, "JPEG")


def qris_code() -> str:
    """Return the organiser's QRIS image in base64."""
    buffer = io.BytesIO()
    segno.make_qr(QRIS_TEXT).save(buffer, kind="png", scale=6)
    return base64.b64encode(buffer.getvalue()).decode()


def qr_text_in_mail(raw: bytes) -> str | None:
    """Return the text of the first QR code among a mail's images; None if there is none."""
    message = message_from_bytes(raw, policy=policy.default)
    for part in message.walk():
        if part.get_content_maintype() == "image":
            found = read_qr(part.get_content())
            if found is not None:
                return found
    return None


def read_qr(picture: bytes) -> str | None:
    """Return the text of the QR code in a picture; None if there is none."""
    codes = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))
    return str(codes[0].text) if codes else None


def _saved(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=80)
    return buffer.getvalue()
