"""The example's tables: those of the chassis, runners, and effects."""

from uuid import UUID

from chassis.tables import TYPES, ServiceTables, new_metadata, signing_keys_table
from sqlalchemy import BigInteger, Identity, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

REFUSED_AT_COMMIT = 13
"""A runner with this number is accepted by every statement and refused at COMMIT."""


class Base(DeclarativeBase):
    """All tables of the example."""

    metadata = new_metadata()
    type_annotation_map = TYPES


class Runner(Base):
    """A runner with a unique address and a number."""

    __tablename__ = "runners"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(50), unique=True)
    number: Mapped[int]


class Effect(Base):
    """The effect of handling an event. No constraint prevents two effects of an event: the inbox has to."""

    __tablename__ = "effects"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]


service_tables = ServiceTables(Base.metadata)
signing_keys = signing_keys_table(Base.metadata)
