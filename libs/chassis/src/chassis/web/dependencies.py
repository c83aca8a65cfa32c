"""What routes ask FastAPI for."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import Database, UnitOfWork


def from_state(name: str) -> Any:
    """What the application keeps under that name in its state, as a dependency.

    A coroutine on purpose: FastAPI sends plain functions through a thread pool, which costs more than most routes.
    """

    async def found(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(found)


OwnDatabase = Annotated[Database, from_state("database")]


async def unit_of_work(database: OwnDatabase) -> AsyncIterator[UnitOfWork]:
    """One transaction for the request."""
    async with database.work() as work:
        yield work


async def reading(database: OwnDatabase) -> AsyncIterator[AsyncSession]:
    """A session for looking only."""
    async with database.read() as session:
        yield session


# "function" scope ends the dependency before the answer leaves: a commit that fails is a 5xx, never a lie.
Work = Annotated[UnitOfWork, Depends(unit_of_work, scope="function")]
Read = Annotated[AsyncSession, Depends(reading, scope="function")]
