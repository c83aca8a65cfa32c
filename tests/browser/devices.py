"""What people hold in their hands."""

from dataclasses import dataclass
from typing import Any, Final, Literal

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Device:
    """A browser window and how its owner has set it up.

    Attributes:
        has_scripts: False where JavaScript is switched off or did not arrive.
    """

    width: int
    height: int
    theme: Theme = "light"
    language: str = "id-ID"
    has_scripts: bool = True
    is_touched: bool = False

    def options(self) -> dict[str, Any]:
        """Return the options of a browser context."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "color_scheme": self.theme,
            "locale": self.language,
            "java_script_enabled": self.has_scripts,
            "has_touch": self.is_touched,
            "reduced_motion": "reduce",
            "timezone_id": "Asia/Jakarta",
        }


PHONE: Final = Device(360, 740, is_touched=True)
PHONE_WITHOUT_SCRIPTS: Final = Device(360, 740, is_touched=True, has_scripts=False)
TABLET: Final = Device(768, 1024)
DESKTOP: Final = Device(1280, 800)
ENLARGED: Final = Device(320, 256)
"""A window of 1280 by 1024 px at 400 %."""
