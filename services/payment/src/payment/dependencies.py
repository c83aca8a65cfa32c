"""FastAPI dependencies shared by the routes of several folders."""

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from chassis.images.processing import ImageProcessor
from chassis.images.store import ImageStore
from chassis.web.dependencies import from_state

from payment.gateways.account import GatewayAccess

OwnImageProcessor = Annotated[ImageProcessor, from_state("image_processor")]
Images = Annotated[ImageStore, from_state("images")]
TrustedProxies = Annotated[int, from_state("trusted_proxies")]
OwnGateway = Annotated[GatewayAccess, from_state("gateway")]
Zone = Annotated[ZoneInfo, from_state("zone")]
ReviewLease = Annotated[timedelta, from_state("review_lease")]
