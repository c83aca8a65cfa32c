"""FastAPI dependencies that routes of several folders share."""

from typing import Annotated

from chassis.auth.access import Allow
from chassis.auth.principals import Role, Runner, Staff
from chassis.web.dependencies import from_state
from fastapi import Depends, Header

from registration.access_codes import AccessCodes
from registration.places.commands import OnPlacesFreed

Codes = Annotated[AccessCodes, from_state("access_codes")]
ItsRunnerOrAdmin = Annotated[Runner | Staff, Depends(Allow(staff=[Role.ADMIN], runner=True))]
PlacesFreed = Annotated[OnPlacesFreed, from_state("on_places_freed")]
IdempotencyHeader = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")
]
"""A text of the client's: a repeat of a request with the same one gets the answer to the first."""
