"""Strangers' images: what gets through is a picture and nothing else."""

import asyncio
from io import BytesIO

import pytest
from chassis.errors import TooBusy
from chassis.images import processing
from chassis.images.errors import UnsupportedImage
from chassis.images.processing import MAX_PIXELS, ImageProcessor, reencode
from PIL import Image, ImageFile, WebPImagePlugin

from . import payment_pictures as pictures


def looked_at(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def reddish(image: Image.Image, x: int, y: int) -> bool:
    pixel = image.convert("RGB").getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel[0] > pixel[2]


@pytest.mark.parametrize(
    ("data", "content_type", "suffix"),
    [
        (pictures.jpeg(), "image/jpeg", "jpeg"),
        (pictures.jpeg(progressive=True), "image/jpeg", "jpeg"),
        (pictures.several_pictures_in_one(), "image/jpeg", "jpeg"),
        (pictures.png(), "image/png", "png"),
        (pictures.webp(), "image/webp", "webp"),
        (pictures.webp(lossless=True), "image/webp", "webp"),
    ],
)
def test_a_picture_of_an_accepted_kind_stays_of_its_kind(data: bytes, content_type: str, suffix: str) -> None:
    picture = reencode(data)
    assert (picture.content_type, picture.suffix) == (content_type, suffix)
    written = looked_at(picture.data)
    assert written.size == (40, 60)
    assert reddish(written, 20, 10)
    assert not reddish(written, 20, 50)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_colour_mode_are_taken(mode: str) -> None:
    source = pictures.two_halves(mode="RGB" if mode == "I;16" else mode)
    if mode == "I;16":
        source = Image.new("I;16", (40, 60), 30_000)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert looked_at(reencode(pictures.encoded(source, kind)).data).size == (40, 60)


def test_transparency_survives_where_the_kind_knows_it() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert looked_at(reencode(pictures.encoded(clear, "PNG")).data).mode == "RGBA"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        pictures.SVG,
        pictures.PDF,
        pictures.ZIP,
        pictures.GIF,
        pictures.GIF_WITH_SCRIPT,
        pictures.BMP,
        pictures.TIFF,
        pictures.PDF + pictures.jpeg(),
        pictures.ZIP + pictures.png(),
        pictures.jpeg()[:-200],
        pictures.png()[:-40],
        pictures.webp()[:-40],
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\0\0\0WEBP",
        b"\xff\xd8\xff" + pictures.png(),
    ],
)
def test_a_file_that_is_no_accepted_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        reencode(data)


def test_location_and_camera_are_removed_and_the_picture_is_upright() -> None:
    source = pictures.jpeg_from_a_phone()
    assert b"A Phone Maker" in source
    picture = reencode(source)
    written = looked_at(picture.data)
    assert written.size == (60, 40)
    assert reddish(written, 50, 20)
    assert not reddish(written, 10, 20)
    assert not written.getexif()
    assert not ({"exif", "comment", "icc_profile", "xmp"} & written.info.keys())
    assert b"Phone" not in picture.data
    assert b"taken at home" not in picture.data


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_profiles_texts_and_other_metadata_are_gone(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret-note"
    source = pictures.encoded(pictures.two_halves(), kind, exif=exif, icc_profile=b"secret-profile")
    assert b"secret-profile" in source or kind == "PNG"
    written = looked_at(reencode(source).data)
    assert not written.getexif()
    assert "icc_profile" not in written.info


def test_a_zip_behind_a_jpeg_is_removed() -> None:
    polyglot = pictures.jpeg() + pictures.ZIP
    assert b"PK\x03\x04" not in reencode(polyglot).data


def test_only_the_first_frame_of_an_animation_is_kept() -> None:
    frames = [pictures.two_halves(), Image.new("RGB", (40, 60), "green")]
    for kind in ("PNG", "WEBP"):
        moving = pictures.encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        written = looked_at(reencode(moving).data)
        assert getattr(written, "n_frames", 1) == 1
        assert reddish(written, 20, 10)


@pytest.mark.parametrize(
    "bomb",
    [
        pictures.png_that_declares(30_000, 30_000),
        pictures.png_that_declares(8_000, 5_001),
        pictures.png_that_declares(9_000, 9_000),
        pictures.webp_that_declares(16_383, 16_383),
        pictures.webp_that_declares(8_000, 5_001),
    ],
)
def test_a_small_file_that_unpacks_to_too_many_pixels_is_refused_before_it_is_unpacked(
    bomb: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[object] = []
    for decoder in (ImageFile.ImageFile, WebPImagePlugin.WebPImageFile):
        monkeypatch.setattr(decoder, "load", unpacked.append)
    with pytest.raises(UnsupportedImage, match="million pixels"):
        reencode(bomb)
    assert not unpacked


def test_a_picture_at_the_pixel_limit_is_taken() -> None:
    assert MAX_PIXELS == 8_000 * 5_000
    flat = pictures.encoded(Image.new("1", (8_000, 5_000)), "PNG")
    assert looked_at(reencode(flat).data).size == (8_000, 5_000)


def test_a_jpeg_with_too_many_scans_is_refused() -> None:
    with pytest.raises(UnsupportedImage, match="too long"):
        reencode(pictures.jpeg_with_scans(200, width=4_000, height=4_000))


def test_a_qris_image_becomes_a_png_whatever_it_was() -> None:
    for data in (pictures.jpeg(), pictures.png(), pictures.webp()):
        picture = reencode(data, into="PNG")
        assert picture.content_type == "image/png"
        assert picture.data.startswith(b"\x89PNG")


def test_the_same_file_has_the_same_fingerprint() -> None:
    assert reencode(pictures.jpeg()).original_sha256 == reencode(pictures.jpeg()).original_sha256
    assert reencode(pictures.jpeg()).original_sha256 != reencode(pictures.png()).original_sha256


async def test_few_images_are_decoded_at_once_and_a_full_queue_refuses_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given
    under_way, most = 0, 0
    loop = asyncio.get_running_loop()
    go_on = asyncio.Event()

    def slowly(data: bytes, *, into: str | None = None) -> processing.Picture:
        asyncio.run_coroutine_threadsafe(counted(), loop).result(timeout=10)
        return reencode(data, into=into)

    async def counted() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await go_on.wait()
        under_way -= 1

    monkeypatch.setattr(processing, "reencode", slowly)
    image_processor = ImageProcessor(threads=2, queue_size=5)
    # when
    tasks = [asyncio.create_task(image_processor.reencode(pictures.jpeg())) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await image_processor.reencode(pictures.jpeg())
    go_on.set()
    await asyncio.gather(*tasks)
    # then
    assert most <= 2
    assert (await image_processor.reencode(pictures.jpeg())).suffix == "jpeg"
