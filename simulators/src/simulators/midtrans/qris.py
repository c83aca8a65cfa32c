"""QRIS codes as the simulated acquirer makes them (EMVCo merchant-presented mode)."""

import io
from binascii import crc_hqx

import segno

_CRC_TAG = "6304"
_ACCOUNT = {"00": "COM.CONTOH.WWW", "01": "936009990000000001", "02": "000000000000001", "03": "UMI"}
_NATIONAL = {"00": "ID.CO.QRIS.WWW", "02": "ID1020000000001", "03": "UMI"}
_LONGEST_BILL_NUMBER = 25


def qris_text(amount: int, bill_number: str) -> str:
    """Return a dynamic QRIS for `amount` rupiah. Of `bill_number`, the first 25 characters are used."""
    fields = {
        "00": "01",
        "01": "12",
        "26": _template(_ACCOUNT),
        "51": _template(_NATIONAL),
        "52": "7941",
        "53": "360",
        "54": str(amount),
        "58": "ID",
        "59": "SIMULATED MERCHANT",
        "60": "JAKARTA",
        "61": "10110",
        "62": _template({"01": bill_number[:_LONGEST_BILL_NUMBER], "07": "A01"}),
    }
    text = _template(fields) + _CRC_TAG
    return f"{text}{crc_hqx(text.encode(), 0xFFFF):04X}"


def qr_png(text: str, *, border: int) -> bytes:
    """Return a QR code of `text` as PNG; `border` is the quiet zone in modules."""
    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(picture, kind="png", scale=8, border=border)
    return picture.getvalue()


def _template(fields: dict[str, str]) -> str:
    return "".join(f"{tag}{len(value):02}{value}" for tag, value in fields.items())
