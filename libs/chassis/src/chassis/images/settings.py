"""Settings of a service that stores images."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from chassis.settings import ServiceSettings


def _known_place(url: str) -> str:
    if (url.startswith("s3://") and url != "s3://") or url.startswith("file:///"):
        return url
    raise ValueError("must be file:///folder or s3://bucket/prefix")


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
