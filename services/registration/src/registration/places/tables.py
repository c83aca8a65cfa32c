"""The table of places: one hot row per category."""

from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base

BIB_LIMIT: Final = 2**31 - 2
"""One less than the maximum of an integer, because `next_bib` may be one more than the last BIB."""


class CategoryPlaces(Base):
    """A category's places and numbers, separate from the catalog row that staff edit. Only `places.commands` writes it.

    `taken` counts the participants of live registrations, the `offered` places, which are held for the waiting list,
    and the `burned` ones: places of cancelled registrations whose BIBs were used and for which the range has no others
    left. `confirmed` counts live participants with a BIB. The last check ensures that there is a BIB for every place
    that is held or may still be taken.
    """

    __tablename__ = "category_places"

    category_id: Mapped[UUID] = mapped_column(ForeignKey("race_categories.id", ondelete="CASCADE"), primary_key=True)
    quota: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default="0")
    burned: Mapped[int] = mapped_column(server_default="0")
    offered: Mapped[int] = mapped_column(server_default="0")
    confirmed: Mapped[int] = mapped_column(server_default="0")
    last_number: Mapped[int] = mapped_column(server_default="0")
    next_bib: Mapped[int]
    bib_end: Mapped[int]

    __table_args__ = (
        CheckConstraint("taken BETWEEN 0 AND quota", name="never_oversold"),
        CheckConstraint(
            "burned >= 0 AND confirmed >= 0 AND offered >= 0 AND burned + confirmed + offered <= taken", name="counts"
        ),
        CheckConstraint("next_bib <= bib_end + 1", name="bibs_in_range"),
        CheckConstraint("bib_end - next_bib + 1 >= quota - burned - confirmed", name="bib_for_every_place"),
        {"postgresql_with": {"fillfactor": "50"}},
    )
