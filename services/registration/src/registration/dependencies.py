"""FastAPI dependencies that routes of several folders share."""

from typing import Annotated

from chassis.auth.access import Allow
from chassis.auth.principals import Role, Runner, Staff
from chassis.web.dependencies import from_state
from fastapi import Depends

from registration.access_codes import AccessCodes
from registration.places.commands import OnPlacesFreed

Codes = Annotated[AccessCodes, from_state("access_codes")]
ItsRunnerOrAdmin = Annotated[Runner | Staff, Depends(Allow(staff=[Role.ADMIN], runner=True))]
PlacesFreed = Annotated[OnPlacesFreed, from_state("on_places_freed")]
