"""Settings of a service that stores images."""

import stat
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from chassis.settings import ServiceSettings


def _known_place(url: str) -> str:
    if url.startswith("s3://") and url != "s3://":
        return url
    if not url.startswith("file:///"):
        raise ValueError("must be file:///folder or s3://bucket/prefix")
    folder = Path(unquote(urlsplit(url).path))
    if _is_shared(folder):
        raise ValueError(f"needs a folder of its own, such as {folder / 'images'}: others are shut out of it")
    return url


def _is_shared(folder: Path) -> bool:
    """Return whether other users keep files there: the root of the file system, or a folder such as `/tmp`."""
    return folder == folder.parent or (folder.is_dir() and bool(folder.stat().st_mode & stat.S_IWOTH))


StorePlace = Annotated[str, AfterValidator(_known_place)]
"""Where images are stored: `file:///folder` or `s3://bucket/prefix`."""


class ImageSettings(ServiceSettings):
    """The bucket's login and the limits of decoding. A service adds the place of its images."""

    s3_endpoint: str | None = Field(None, description="URL of an S3-compatible store; Amazon S3 if not set")
    s3_region: str = Field("us-east-1", description="region of the bucket")
    s3_access_key_id: str | None = Field(None, description="access key; the credentials of the machine if not set")
    s3_secret_access_key: SecretStr | None = None
    image_threads: int = Field(2, ge=1, description="maximum images decoded at the same time, per process")
    image_queue_size: int = Field(
        32, ge=1, description="maximum images waiting or being decoded, per process; more get 503"
    )
    orphan_sweep_minutes: float = Field(
        15.0, gt=0, description="minutes between two sweeps for stored images without a database row"
    )

    @model_validator(mode="after")
    def _whole_credentials(self) -> Self:
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together")
        return self

    @property
    def image_place(self) -> str:
        """Return where images are stored, see `StorePlace`."""
        raise NotImplementedError
