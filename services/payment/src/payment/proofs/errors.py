"""What can be wrong with an image."""

from chassis.errors import NotFound, StartlineError


class UnsupportedImage(StartlineError):
    """The file is not a whole JPEG, PNG or WebP image of a sensible size."""

    code = "unsupported_image"
    status = 415


class TooBusy(StartlineError):
    """Too many images are being checked at this moment. Nothing was stored; try again shortly."""

    code = "too_busy"
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


class ImageMissing(NotFound):
    """The image is not in the store any more."""

    code = "image_missing"
