"""File types by their first bytes: the accepted ones, and common others, which refusals name."""

from chassis.images.errors import UnsupportedImage
from chassis.wording import Wording

_ACCEPTED = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}

_FIRST_BYTES = {
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"8BPS": "PSD",
    b"\0\0\1\0": "ICO",
    b"PK\3\4": "ZIP",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\xd0\xcf\x11\xe0": "Microsoft Office",
    b"{\\rtf": "RTF",
    b"\x1aE\xdf\xa3": "video",
}

_ISO_BRANDS = {
    "AVIF": {b"avif", b"avis"},
    "HEIC": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"},
    "HEIF": {b"mif1", b"mif2", b"msf1"},
}
"""Brands of ISO base media files that are images; the others are videos."""

_HEAD = 1024


def accepted_type(data: bytes) -> str:
    """Return the type of an image: "JPEG", "PNG" or "WEBP".

    Raises:
        UnsupportedImage: any other type; the detail names it if it is known.
    """
    for kind, start in _ACCEPTED.items():
        if data.startswith(start):
            return kind
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    raise UnsupportedImage(_refusal(data))


def _refusal(data: bytes) -> Wording | None:
    if not data:
        return Wording(
            en="The file is empty. Choose the picture again and send it as JPEG, PNG or WebP.",
            id="Berkasnya kosong. Pilih lagi gambarnya dan kirim sebagai JPEG, PNG atau WebP.",
        )
    kind = _other_type(data[:_HEAD])
    if kind is None:
        return None
    return Wording(
        en=f"Files of type {kind} are not accepted. Send a screenshot of it, or save it as JPEG, PNG or WebP.",
        id=f"Berkas {kind} tidak diterima. Kirim tangkapan layarnya, atau simpan sebagai JPEG, PNG atau WebP.",
    )


def _other_type(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _iso_type(head)
    if b"%PDF-" in head:  # PDF readers accept data before the header
        return "PDF"
    for start, kind in _FIRST_BYTES.items():
        if head.startswith(start):
            return kind
    return _markup_type(head.lower())


def _iso_type(head: bytes) -> str:
    listed = head[8 : int.from_bytes(head[:4])]
    brands = {listed[at : at + 4] for at in range(0, len(listed), 4)}
    return next((kind for kind, known in _ISO_BRANDS.items() if brands & known), "video")


def _markup_type(head: bytes) -> str | None:
    if b"<svg" in head:
        return "SVG"
    return "HTML" if b"<html" in head or b"<!doctype html" in head else None
