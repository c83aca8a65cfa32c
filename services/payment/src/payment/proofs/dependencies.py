"""What routes about images ask FastAPI for."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from payment.proofs.images import Studio
from payment.proofs.store import ImageStore


def _studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


def _images(request: Request) -> ImageStore:
    images: ImageStore = request.app.state.images
    return images


def _zone(request: Request) -> ZoneInfo:
    zone: ZoneInfo = request.app.state.zone
    return zone


OwnStudio = Annotated[Studio, Depends(_studio)]
Images = Annotated[ImageStore, Depends(_images)]
Zone = Annotated[ZoneInfo, Depends(_zone)]
