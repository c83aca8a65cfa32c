"""The roster: one row per participant, and the newest revision of each registration."""

from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.envelope import LONGEST_VALUE
from sqlalchemy import CheckConstraint, Computed, Index, String, Text, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from checkin.base import Base

# Punctuation is replaced by spaces first: PostgreSQL's parser would take "M.Ridwan" for a host name, one word.
PUNCTUATION: Final = "!#$%&()*+,-./:;<=>?@[]^_`{|}~"
_NAME_WORDS: Final = (
    f"to_tsvector('simple'::regconfig, translate((full_name)::text, '{PUNCTUATION}'::text, "
    f"'{' ' * len(PUNCTUATION)}'::text))"
)


# Not to_tsvector: its parser would split the folded words by other rules.
SEARCH_WORDS: Final = "array_to_tsvector(string_to_array(search_text, ' '::text))"


class RosterRevision(Base):
    """The newest handled revision of a registration. Events with an older one do not change the roster."""

    __tablename__ = "roster_revisions"

    registration_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int]


class RosterEntry(Base):
    """A participant who may collect a pack, unless cancelled.

    Attributes:
        revision: the registration's in the event that name and jersey size come from.
        search_text: the folded name; null in rows of older releases that are not folded yet.
        event_name, category_name: the names at the confirmation, shown if `races` and `categories` have none.
    """

    __tablename__ = "roster"

    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(index=True)
    registration_number: Mapped[str] = mapped_column(String(50))
    revision: Mapped[int]
    event_id: Mapped[UUID]
    event_name: Mapped[str] = mapped_column(String(255))
    category_id: Mapped[UUID]
    category_name: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str] = mapped_column(String(255))
    bib_number: Mapped[int] = mapped_column(index=True)
    ticket_code: Mapped[str] = mapped_column(String(32), unique=True)
    jersey_size: Mapped[str] = mapped_column(String(LONGEST_VALUE))
    is_pic: Mapped[bool]
    cancelled_at: Mapped[datetime | None]
    name_words: Mapped[str] = mapped_column(TSVECTOR, Computed(_NAME_WORDS, persisted=True), deferred=True)
    search_text: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(None, "event_id", "category_id"),
        Index("ix_roster_cancelled", "event_id", "category_id", postgresql_where=text("cancelled_at IS NOT NULL")),
        Index(None, "name_words", postgresql_using="gin"),
        Index("ix_roster_search_words", text(SEARCH_WORDS), postgresql_using="gin"),
        Index("ix_roster_unfolded", "participant_id", postgresql_where=text("search_text IS NULL")),
        Index("ix_roster_registration_number", func.lower(text("registration_number"))),
        CheckConstraint("ticket_code ~ '^[0-9a-f]{32}$'", name="ticket_code_form"),
        CheckConstraint("bib_number > 0", name="bib_number"),
    )
