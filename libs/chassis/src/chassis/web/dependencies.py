"""What routes ask FastAPI for."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import Database, UnitOfWork


def database_of(request: Request) -> Database:
    """The service's database."""
    database: Database = request.app.state.database
    return database


async def unit_of_work(database: Annotated[Database, Depends(database_of)]) -> AsyncIterator[UnitOfWork]:
    """One transaction for the request."""
    async with database.work() as work:
        yield work


async def reading(database: Annotated[Database, Depends(database_of)]) -> AsyncIterator[AsyncSession]:
    """A session for looking only."""
    async with database.read() as session:
        yield session


# "function" scope ends the dependency before the answer leaves: a commit that fails is a 5xx, never a lie.
Work = Annotated[UnitOfWork, Depends(unit_of_work, scope="function")]
Read = Annotated[AsyncSession, Depends(reading, scope="function")]
OwnDatabase = Annotated[Database, Depends(database_of)]
