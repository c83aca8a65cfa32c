"""What finance sees is what the runner sent, whatever mode the picture was stored in."""

import base64
from collections.abc import Sequence
from io import BytesIO

import pytest
from chassis.images.errors import UnsupportedImage
from chassis.images.modes import in_8_bits
from chassis.images.processing import reencode
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver
from .payment_pictures import COLOUR, COLOUR_AND_ALPHA, GREY, GREY_AND_ALPHA, raw_png

Colour = tuple[int, ...]


def seen(data: bytes) -> list[Colour]:
    """Red, green, blue and opacity of every pixel."""
    image = Image.open(BytesIO(data)).convert("RGBA")
    return [each for each in image.get_flattened_data() if isinstance(each, tuple)]


def alike(one: Sequence[Colour], other: Sequence[Colour], *, within: int = 2) -> bool:
    pairs = zip(one, other, strict=True)
    return all(abs(a - b) <= within for left, right in pairs for a, b in zip(left, right, strict=True))


@st.composite
def any_png(draw: st.DrawFn) -> tuple[bytes, list[Colour]]:
    """A PNG of any depth and kind without palette, and the colours that a person sees."""
    colour = draw(st.sampled_from([GREY, COLOUR, GREY_AND_ALPHA, COLOUR_AND_ALPHA]))
    bits = draw(st.sampled_from([1, 2, 4, 8, 16] if colour == GREY else [8, 16]))
    sample = st.integers(0, 2**bits - 1)
    pixel = st.tuples(*[sample] * pictures.CHANNELS[colour])
    pixels = draw(st.lists(pixel, min_size=1, max_size=12))
    keyed = colour in {GREY, COLOUR} and bits < 16 and draw(st.booleans())
    key = draw(st.sampled_from(pixels)) if keyed else ()
    expected = [_expected(each, bits=bits, opaque=each != key) for each in pixels]
    return raw_png(pixels, bits=bits, colour=colour, transparent=key), expected


def _expected(pixel: Colour, *, bits: int, opaque: bool) -> Colour:
    eight = tuple(round(sample * 255 / (2**bits - 1)) for sample in pixel)
    alpha = eight[-1:] if len(eight) in {2, 4} else (255 if opaque else 0,)
    colour = eight[:3] if len(eight) > 2 else eight[:1] * 3
    return (*colour, *alpha)


@given(any_png())
def test_a_png_of_any_depth_looks_as_it_was_sent(sent: tuple[bytes, list[Colour]]) -> None:
    data, expected = sent
    assert alike(seen(reencode(data).data), expected)
    assert alike(seen(reencode(data, into="PNG").data), expected)


def test_a_palette_keeps_its_colours_and_what_is_transparent() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 200, 100, 0, 255, 255, 255])
    image.putdata([0, 1, 2])
    data = pictures.encoded(image, "PNG", transparency=b"\xff\x80\x00")
    assert seen(reencode(data).data) == [(10, 20, 30, 255), (200, 100, 0, 128), (255, 255, 255, 0)]


PATCHES = [(0, 0, 0), (60, 60, 60), (128, 128, 128), (200, 200, 200), (255, 255, 255), (200, 30, 30), (30, 30, 200)]


def patches() -> Image.Image:
    """Greys from black to white, a red and a blue, large enough for lossy formats."""
    image = Image.new("RGB", (16 * len(PATCHES), 16))
    for number, colour in enumerate(PATCHES):
        image.paste(colour, (16 * number, 0, 16 * number + 16, 16))
    return image


def patches_in(mode: str) -> Image.Image:
    """The patches in a mode, by the way that Pillow has to it."""
    source = patches()
    if mode in {"P", "PA"}:
        source = source.quantize(16)
    if mode in {"La", "RGBa"}:
        source = source.convert(mode.upper())
    return source.convert(mode)


def patches_of(image: Image.Image) -> list[Colour]:
    plain = image.convert("RGB")
    found = [plain.getpixel((16 * number + 8, 8)) for number in range(len(PATCHES))]
    return [each for each in found if isinstance(each, tuple)]


def greyed(colours: Sequence[Colour]) -> list[Colour]:
    """The colours as grey, by ITU-R 601-2."""
    return [(round((299 * red + 587 * green + 114 * blue) / 1000),) * 3 for red, green, blue in colours]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("JPEG", mode) for mode in ("RGB", "L", "CMYK", "YCbCr")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "CMYK")),
        *(("PNG", mode) for mode in ("RGB", "RGBA", "L", "LA", "P")),
    ],
)
def test_a_file_of_any_kind_keeps_brightness_and_contrast(kind: str, mode: str) -> None:
    sent = pictures.encoded(patches_in(mode), kind)
    expected = greyed(PATCHES) if mode in {"L", "LA"} else PATCHES
    assert alike(patches_of(Image.open(BytesIO(reencode(sent).data))), expected, within=12)


@pytest.mark.parametrize(
    "mode", ["L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"]
)
def test_a_decoder_may_answer_in_any_mode_of_8_bits(mode: str) -> None:
    expected = greyed(PATCHES) if mode in {"L", "LA", "La"} else PATCHES
    for target in ("RGB", "RGBA"):
        assert alike(patches_of(in_8_bits(patches_in(mode), target)), expected, within=16)


@pytest.mark.parametrize(("mode", "order"), [("I;16", "little"), ("I;16L", "little"), ("I;16B", "big")])
def test_a_decoder_may_answer_in_any_mode_of_16_bits(mode: str, order: str) -> None:
    grey = patches().convert("L")
    wide = b"".join((value * 257).to_bytes(2, "little" if order == "little" else "big") for value in grey.tobytes())
    assert alike(patches_of(in_8_bits(Image.frombytes(mode, grey.size, wide), "RGB")), greyed(PATCHES), within=1)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_values_without_a_known_range_are_refused_by_name(mode: str) -> None:
    with pytest.raises(UnsupportedImage, match=rf"32 bit \({mode}\)"):
        in_8_bits(patches().convert("L").convert(mode), "RGB")


@pytest.mark.parametrize(("colour", "key"), [(GREY, (0x00FF,)), (COLOUR, (0x1200, 0x1200, 0x1200))])
def test_a_transparent_colour_of_16_bits_is_refused_since_it_would_take_others_with_it(
    colour: int, key: tuple[int, ...]
) -> None:
    black = (0,) * len(key)
    with pytest.raises(UnsupportedImage, match="16 bit PNG"):
        reencode(raw_png([black, key], bits=16, colour=colour, transparent=key))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (pictures.HEIC, "HEIC"),
        (pictures.AVIF, "AVIF"),
        (pictures.MP4, "video"),
        (pictures.PDF, "PDF"),
        (b"\xef\xbb\xbf\n" + pictures.PDF, "PDF"),
        (pictures.GIF, "GIF"),
        (pictures.BMP, "BMP"),
        (pictures.TIFF, "TIFF"),
        (pictures.SVG, "SVG"),
        (pictures.ZIP, "ZIP"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_name_in_both_languages(data: bytes, name: str) -> None:
    with pytest.raises(UnsupportedImage) as refused:
        reencode(data)
    wording = refused.value.wording
    assert wording is not None
    assert f"Files of type {name} are not accepted" in wording.en
    assert f"Berkas {name} tidak diterima" in wording.id
    assert "JPEG, PNG or WebP" in wording.en
    assert "JPEG, PNG atau WebP" in wording.id


@pytest.mark.parametrize("data", [b"", b"hello", pictures.jpeg()[:-200], b"\0\0\0\x04ftyp"])
def test_every_other_refusal_says_what_is_accepted_in_both_languages(data: bytes) -> None:
    with pytest.raises(UnsupportedImage) as refused:
        reencode(data)
    error = refused.value
    assert "JPEG, PNG or WebP" in error.detail
    assert "JPEG, PNG atau WebP" in (error.wording.id if error.wording else error.indonesian)


async def test_a_scan_of_16_bits_is_shown_to_finance_and_as_qris_with_its_greys(driver: PaymentDriver) -> None:
    # given
    greys = [(value * 257,) for value in (0, 30, 100, 200, 255)]
    scan = raw_png(greys, bits=16, colour=GREY)
    expected = [(value, value, value, 255) for value in (0, 30, 100, 200, 255)]
    # when
    payment = await driver.upload_proof(await driver.register(), file=scan)
    await driver.set_qris_image(scan)
    # then
    assert seen((await driver.show_proof(payment)).content) == expected
    assert seen((await driver.call("GET", "/instructions/qris.png")).content) == expected


async def test_a_heic_is_a_415_that_names_it_for_proofs_and_for_the_qris_image(driver: PaymentDriver) -> None:
    proof = await driver.try_upload_proof(await driver.register(), file=pictures.HEIC)
    qris = await driver.try_change_settings(qris_image=base64.b64encode(pictures.HEIC).decode())
    for answer in (proof, qris):
        assert answer.is_problem(415, "unsupported_image")
        assert "HEIC" in answer.body["detail"]
    assert driver.stored_images() == []
