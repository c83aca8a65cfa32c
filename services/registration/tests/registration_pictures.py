"""Pictures that organisers upload."""

from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFilter


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def poster(width: int = 1600, height: int = 1000, kind: str = "JPEG", **options: Any) -> bytes:
    """A plain picture, red on top and blue below."""
    image = Image.new("RGB", (width, height), (30, 30, 200))
    image.paste((200, 30, 30), (0, 0, width, height // 2))
    return encoded(image, kind, **options)


def photograph(width: int = 2400, height: int = 1600) -> bytes:
    """A picture that is as hard to compress as a photograph of a crowd: gradients, shapes, and noise of two sizes."""
    base = Image.merge(
        "RGB", [Image.linear_gradient("L").rotate(turn).resize((width, height)) for turn in (0, 90, 180)]
    )
    pen = ImageDraw.Draw(base)
    for each in range(220):
        x, y, size = each * 7919 % width, each * 104729 % height, 20 + each * 31 % 160
        pen.ellipse((x, y, x + size, y + size * 2), fill=(each * 37 % 256, each * 91 % 256, each * 53 % 256))
    coarse = Image.effect_noise((width // 4, height // 4), 60).resize((width, height)).convert("RGB")
    fine = Image.effect_noise((width, height), 25).convert("RGB")
    noisy = Image.blend(Image.blend(base, coarse, 0.22), fine, 0.16)
    return encoded(noisy.filter(ImageFilter.GaussianBlur(0.6)), "JPEG", quality=88)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image
