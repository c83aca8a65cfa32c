"""Common FastAPI dependencies of routes."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import Database, UnitOfWork


def from_state(name: str) -> Any:
    """Return a dependency on the value of that name in the application's state.

    It is a coroutine on purpose: FastAPI runs plain functions in a thread pool, which costs more than most routes.
    """

    async def found(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(found)


OwnDatabase = Annotated[Database, from_state("database")]


async def unit_of_work(database: OwnDatabase) -> AsyncIterator[UnitOfWork]:
    """Open one transaction for the request."""
    async with database.work() as work:
        yield work


async def reading(database: OwnDatabase) -> AsyncIterator[AsyncSession]:
    """Open a session for reading."""
    async with database.read() as session:
        yield session


# "function" scope ends the dependency before the response is sent, so that a failed commit gives a 5xx.
Work = Annotated[UnitOfWork, Depends(unit_of_work, scope="function")]
Read = Annotated[AsyncSession, Depends(reading, scope="function")]
