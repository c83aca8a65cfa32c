"""What routes about images ask FastAPI for."""

from typing import Annotated
from zoneinfo import ZoneInfo

from chassis.web.dependencies import from_state

from payment.proofs.images import Studio
from payment.proofs.store import ImageStore

OwnStudio = Annotated[Studio, from_state("studio")]
Images = Annotated[ImageStore, from_state("images")]
TrustedProxies = Annotated[int, from_state("trusted_proxies")]
Zone = Annotated[ZoneInfo, from_state("zone")]
