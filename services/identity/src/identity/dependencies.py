"""What routes ask FastAPI for, whatever folder they are in."""

from typing import Annotated

from chassis.web.dependencies import from_state

from identity.settings import Settings

OwnSettings = Annotated[Settings, from_state("settings")]
