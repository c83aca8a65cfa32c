"""Tables of sums, so that reports do not count a million rows. Triggers write them; see decision 33."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Identity, Integer, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class TimelineQuarter(Base):
    """What happened in a category in a quarter of an hour: registrations by their creation, payments by verification.

    Every time zone's hours and days begin with a quarter hour of UTC. Changes that are not merged yet are in
    `registration_counts`.
    """

    __tablename__ = "registration_timeline"

    race_category_id: Mapped[UUID] = mapped_column(primary_key=True)
    quarter: Mapped[datetime] = mapped_column(primary_key=True)
    registered: Mapped[int] = mapped_column(BigInteger)
    participants: Mapped[int] = mapped_column(BigInteger)
    verified: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric)


class ParticipantChange(Base):
    """The live participants that a statement added to a category, or removed, not merged into the counts yet.

    The arrays are parallel: each position is a person, or a number of persons with the same values.
    """

    __tablename__ = "participant_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    race_category_id: Mapped[UUID]
    registration_type: Mapped[str] = mapped_column(String(20))
    genders: Mapped[list[str]] = mapped_column(ARRAY(String(6)))
    birth_years: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    jersey_sizes: Mapped[list[str]] = mapped_column(ARRAY(String(4)))
    people: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    confirmed: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class ParticipantCount(Base):
    """How many live participants of a category have the same values, and how many of them have a BIB."""

    __tablename__ = "participant_counts"

    race_category_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_type: Mapped[str] = mapped_column(String(20), primary_key=True)
    gender: Mapped[str] = mapped_column(String(6), primary_key=True)
    birth_year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    jersey_size: Mapped[str] = mapped_column(String(4), primary_key=True)
    people: Mapped[int] = mapped_column(BigInteger)
    confirmed: Mapped[int] = mapped_column(BigInteger)
