"""What a phone's camera sees: a video file that Chromium plays instead of a camera."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import segno
from PIL import Image

SIZE: Final = (640, 480)
_FRAMES: Final = 20  # two seconds; the file is played again and again
_CODE_PIXELS: Final = 250
_TURNED: Final = 9


def video_of(file: Path, texts: Sequence[str]) -> Path:
    """Write a video that shows an empty desk, then a code after the other, each turned a little.

    Its format is YUV4MPEG2, which needs no encoder.
    """
    width, height = SIZE
    frames = [_empty(), *(_with_code(text) for text in texts)]
    colours = b"\x80" * (width * height // 2)
    content = b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n" % SIZE
    content += b"".join((b"FRAME\n" + frame.tobytes() + colours) * _FRAMES for frame in frames)
    file.write_bytes(content)
    return file


def _empty() -> Image.Image:
    return Image.new("L", SIZE, 96)


def _with_code(text: str) -> Image.Image:
    drawn = BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="png", scale=6, border=4)
    code = Image.open(drawn).convert("L").resize((_CODE_PIXELS, _CODE_PIXELS))
    picture = _empty()
    turned = code.rotate(_TURNED, expand=True, fillcolor=96)
    picture.paste(turned, ((SIZE[0] - turned.width) // 2, (SIZE[1] - turned.height) // 2))
    return picture
