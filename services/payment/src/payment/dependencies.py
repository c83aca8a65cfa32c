"""FastAPI dependencies shared by the routes of several folders."""

from typing import Annotated
from zoneinfo import ZoneInfo

from chassis.web.dependencies import from_state

from payment.images.processing import Studio
from payment.images.store import ImageStore

OwnStudio = Annotated[Studio, from_state("studio")]
Images = Annotated[ImageStore, from_state("images")]
TrustedProxies = Annotated[int, from_state("trusted_proxies")]
Zone = Annotated[ZoneInfo, from_state("zone")]
