"""The example's tables: what the chassis brings, runners to write, and effects to count."""

from uuid import UUID

from chassis.tables import TYPES, ServiceTables, new_metadata, signing_keys_table
from sqlalchemy import BigInteger, Identity, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

REFUSED_AT_COMMIT = 13
"""A runner with this number is accepted by every statement and refused by the COMMIT."""


class Base(DeclarativeBase):
    """All tables of the example."""

    metadata = new_metadata()
    type_annotation_map = TYPES


class Runner(Base):
    """Somebody with an address of their own and a number."""

    __tablename__ = "runners"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(50), unique=True)
    number: Mapped[int]


class Effect(Base):
    """What handling an event left behind. Nothing here keeps an event from leaving two: the inbox has to."""

    __tablename__ = "effects"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]


service_tables = ServiceTables(Base.metadata)
signing_keys = signing_keys_table(Base.metadata)
