"""Merging the changes that reports add up."""

from chassis.database import UnitOfWork
from sqlalchemy import text

_MERGED_AT_ONCE = 1000

_MERGE = text("""
    WITH merged AS (
        DELETE FROM participant_changes WHERE id IN (
            SELECT id FROM participant_changes ORDER BY id LIMIT :at_most FOR UPDATE SKIP LOCKED)
        RETURNING *
    ), sums AS (
        INSERT INTO participant_counts (race_category_id, registration_type, gender, birth_year, jersey_size,
                                        people, confirmed)
        SELECT m.race_category_id, m.registration_type, c.gender, c.birth_year, c.jersey_size,
               sum(c.people), sum(c.confirmed)
          FROM merged m, unnest(m.genders, m.birth_years, m.jersey_sizes, m.people, m.confirmed)
               AS c(gender, birth_year, jersey_size, people, confirmed)
         GROUP BY 1, 2, 3, 4, 5 HAVING sum(c.people) <> 0 OR sum(c.confirmed) <> 0
         ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (race_category_id, registration_type, gender, birth_year, jersey_size) DO UPDATE
           SET people = participant_counts.people + excluded.people,
               confirmed = participant_counts.confirmed + excluded.confirmed
    )
    SELECT count(*) FROM merged
""")


async def merge_participants(work: UnitOfWork, *, at_most: int = _MERGED_AT_ONCE) -> int:
    """Merge a portion of the changes of participants into their counts; return how many changes.

    Workers may do so concurrently, and while other transactions count: rows are updated in the order of their key.
    """
    return int((await work.session.execute(_MERGE, {"at_most": at_most})).scalar_one())
