"""Ids that stand in the order they were made and cannot be guessed."""

import time
from datetime import UTC, datetime, timedelta

from chassis.ids import new_id


def test_an_id_is_a_uuid_of_version_7_that_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    at = datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=5)


def test_later_ids_come_later() -> None:
    first = new_id()
    time.sleep(0.002)
    assert first < new_id()


def test_all_other_bits_are_random() -> None:
    made = [new_id().int for _ in range(2000)]
    ones = [sum(each >> bit & 1 for each in made) for bit in range(76)]
    fixed = {62: 0, 63: 2000}
    for bit, count in enumerate(ones):
        assert count == fixed[bit] if bit in fixed else 800 < count < 1200, bit
    assert len(set(made)) == 2000
