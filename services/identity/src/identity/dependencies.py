"""FastAPI dependencies shared by the routes of several folders."""

from typing import Annotated

from chassis.web.addresses import client_address
from chassis.web.dependencies import from_state
from fastapi import Depends, Request

from identity.accounts.passwords import Passwords
from identity.settings import Settings

OwnSettings = Annotated[Settings, from_state("settings")]
OwnPasswords = Annotated[Passwords, from_state("passwords")]


async def _source_of(request: Request, settings: OwnSettings) -> str:
    return client_address(request, settings.trusted_proxies)


Source = Annotated[str, Depends(_source_of)]
"""The address of the client."""
