"""Conversion of pixel modes to 8 bits per channel without a visible change."""

from PIL import Image
from PIL.ImageFile import ImageFile

from chassis.images.errors import UnsupportedImage
from chassis.wording import Wording

_EIGHT_BITS = frozenset(
    {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"},
)
"""Modes that Pillow converts to RGB without clipping."""

_DEEP = frozenset({"I;16B", "RGB;16B"})
_HIGHEST = {"1": 1, "L;2": 3, "L;4": 15}
"""Modes of PNG files whose samples Pillow scales while it decodes them."""

_SCALED = [(value + 128) // 257 for value in range(65536)]


def mode_in_file(image: ImageFile) -> str:
    """Return the mode of the samples in the file. Only valid before the image is loaded."""
    return str(image.tile[0].args) if image.tile else image.mode


def scale_transparent_colour(image: Image.Image, from_mode: str) -> None:
    """Scale the transparent colour of a PNG in the way Pillow has scaled its pixels.

    Raises:
        UnsupportedImage: a PNG of 16 bits, for which Pillow would use a wrong colour.
    """
    key = image.info.get("transparency")
    if key is None or isinstance(key, bytes):  # bytes hold the opacity of each palette colour
        return
    if from_mode in _DEEP:
        raise UnsupportedImage(_refusal("16 bit PNG"))
    highest = _HIGHEST.get(from_mode)
    if highest is not None:
        image.info["transparency"] = (key & highest) * 255 // highest


def in_8_bits(image: Image.Image, mode: str) -> Image.Image:
    """Return the picture in `mode`, RGB or RGBA; values of 16 bits are scaled.

    Raises:
        UnsupportedImage: the value range of the mode is unknown, so it cannot be scaled.
    """
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(_SCALED, "L")
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode not in _EIGHT_BITS:
        raise UnsupportedImage(_refusal(f"32 bit ({image.mode})"))
    return image if image.mode == mode else image.convert(mode)


def _refusal(kind: str) -> Wording:
    return Wording(
        en=f"{kind} pictures are not accepted. Send a screenshot, or save it as JPEG, PNG or WebP of 8 bits.",
        id=f"Gambar jenis {kind} tidak diterima. Kirim tangkapan layar, atau simpan sebagai JPEG, PNG atau WebP 8 bit.",
    )
