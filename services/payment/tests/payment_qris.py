"""QRIS codes of invented merchants, made by another implementation, and pictures of them."""

import base64
from io import BytesIO
from typing import Any

import qriskit
import segno
from chassis.auth.principals import Role
from PIL import Image, ImageFilter, ImageOps
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .payment_pictures import encoded

STATIC = (
    "00020101021126660014COM.CONTOH.WWW011893600999000000000102150000000000000010303UMI"
    "51440014ID.CO.QRIS.WWW0215ID10200000000010303UMI5204794153033605802ID5911LARI CONTOH6007BANDUNG"
    "61054011162070703A016304FEB5"
)
WITH_150123 = (
    "00020101021226660014COM.CONTOH.WWW011893600999000000000102150000000000000010303UMI"
    "51440014ID.CO.QRIS.WWW0215ID10200000000010303UMI52047941530336054061501235802ID5911LARI CONTOH6007BANDUNG"
    "61054011162210110FR5K-000420703A0163048C71"
)
"""The code above with Rp 150,123 and the bill number FR5K-00042."""

NMID = "ID1020000000001"
_GREY = 128


def changed(code: str = STATIC, **values: str) -> str:
    """Return a code with other values and the right checksum: `t59="TOKO"`, `t51_02="ID…"`."""
    qris = qriskit.parse(code)
    for tag, value in values.items():
        qris = qris.with_tag(tag.removeprefix("t").replace("_", "."), value)
    return qris.dumps()


def damaged(code: str = STATIC) -> str:
    """Return a code whose checksum does not match: another merchant has got into it."""
    return code.replace("LARI CONTOH", "LARI CURANG")


def drawn(text: str, *, scale: int = 6) -> Image.Image:
    """Return the QR code of a text, black on white."""
    written = BytesIO()
    segno.make_qr(text, error="m", encoding="utf-8").save(written, kind="png", scale=scale, border=4)
    return Image.open(written).convert("RGB")


def png_of(*texts: str) -> bytes:
    """Return a picture with QR codes side by side."""
    return encoded(beside(*map(drawn, texts)), "PNG")


def beside(*images: Image.Image) -> Image.Image:
    """Return the pictures side by side on white."""
    width, height = sum(image.width for image in images), max(image.height for image in images)
    ground = Image.new("RGB", (width, height), "white")
    left = 0
    for image in images:
        ground.paste(image, (left, 0))
        left += image.width
    return ground


def pictures_of(text: str) -> dict[str, bytes]:
    """Return pictures of a code as organisers have them, by what is special about each."""
    plain = drawn(text)
    poster = Image.new("RGB", (1200, 1700), (227, 30, 36))
    poster.paste(plain.resize((600, 600)), (300, 700))
    return {
        "plain": encoded(plain, "PNG"),
        "half size": encoded(plain.resize((171, 171)), "PNG"),
        "rotated": encoded(plain.rotate(17, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC), "PNG"),
        "blurred": encoded(plain.filter(ImageFilter.GaussianBlur(2)), "PNG"),
        "poster": encoded(poster, "PNG"),
        "compressed": encoded(plain, "JPEG", quality=35),
        "inverted": encoded(ImageOps.invert(plain), "PNG"),
        "beside another code": encoded(beside(plain, drawn("https://example.com/lari")), "PNG"),
        "transparent": encoded(_transparent(plain), "PNG"),
    }


def _transparent(image: Image.Image) -> Image.Image:
    """Return a picture of black modules on a ground that is transparent and black."""
    alpha = image.convert("L").point([255] * _GREY + [0] * _GREY)
    clear = Image.new("RGBA", image.size, (0, 0, 0, 0))
    clear.putalpha(alpha)
    return clear


# --- the settings of payment


def uploaded(*texts: str) -> str:
    """Return a picture with these codes as the settings take it."""
    return base64.b64encode(png_of(*texts)).decode()


async def settings_of(driver: PaymentDriver) -> dict[str, Any]:
    """Return the settings as an admin sees them."""
    body: dict[str, Any] = (await driver.call("GET", "/settings", by=driver.staff(Role.ADMIN))).require(200)
    return body


async def try_confirm(driver: PaymentDriver, **shown: object) -> Answer:
    """Confirm, by an admin, what was shown."""
    return await driver.call("POST", "/settings/qris/confirm", by=driver.staff(Role.ADMIN), json=shown)


async def confirm(driver: PaymentDriver) -> dict[str, Any]:
    """Confirm what the settings show now; return them afterwards."""
    shown = (await settings_of(driver))["qris"]
    body: dict[str, Any] = (await try_confirm(driver, payload_sha256=shown["payload_sha256"])).require(200)
    return body


async def switch_on(driver: PaymentDriver, *codes: str, **settings: object) -> dict[str, Any]:
    """Set a picture of a code, confirm it, and have amounts put into it; return the settings."""
    await driver.change_settings(qris_image=uploaded(*(codes or (STATIC,))))
    await confirm(driver)
    return await driver.change_settings(qris_with_amount=True, **settings)
