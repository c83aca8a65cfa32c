"""The declarative base of this service's tables."""

from chassis.tables import (
    TYPES,
    ServiceTables,
    image_orphans_table,
    new_metadata,
    set_aside_table,
    signing_keys_table,
)
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """All tables of registration."""

    metadata = new_metadata()
    type_annotation_map = TYPES


service_tables = ServiceTables(Base.metadata)
signing_keys = signing_keys_table(Base.metadata)
set_aside = set_aside_table(Base.metadata)
image_orphans = image_orphans_table(Base.metadata)
