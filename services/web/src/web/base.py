"""The declarative base of the pages' tables."""

from chassis.tables import TYPES, ServiceTables, new_metadata
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """All tables of the pages."""

    metadata = new_metadata()
    type_annotation_map = TYPES


service_tables = ServiceTables(Base.metadata)
