"""A service goes on while its database is upgraded: migrations commit before the rights on their tables are settled."""

import asyncio

import pytest
from alembic import command
from chassis.migrations import configuration, downgrade
from standalone.provisioning.databases import owner_of

from .provisioned import Provisioned, on_asyncpg

pytestmark = [pytest.mark.integration]

_PACK = """
    INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,
                        category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic)
    VALUES (gen_random_uuid(), gen_random_uuid(), 'FR5K-1', 1, gen_random_uuid(), 'Lari', gen_random_uuid(), '5K',
            'Budi', 1, repeat('0', 32), 'm', true);
    INSERT INTO stations (id, name, location_name, pin_hash, pin_changed_at, is_active, created_at, updated_at)
    VALUES (gen_random_uuid(), 'Hall', 'Hall', 'x', now(), true, now(), now());
    INSERT INTO devices (id, station_id, name, created_at, expires_at)
    SELECT gen_random_uuid(), id, 'Phone', now(), now() FROM stations
"""
_HAND_OUT = """
    INSERT INTO checkins (id, participant_id, registration_id, station_id, device_id, station_name, location_name,
                          checked_in_at)
    SELECT gen_random_uuid(), participant_id, registration_id, s.id, d.id, s.name, s.location_name, now()
      FROM roster, stations AS s, devices AS d
"""
_UNDO = "UPDATE checkins SET undone_at = now(), undone_by = 'Rina', undo_reason = 'mistake' WHERE undone_at IS NULL"
_CANCEL = "UPDATE roster SET cancelled_at = now()"
_COUNTS = "SELECT sum(entries), sum(live), sum(handed_out) FROM pack_counts"


async def test_packs_are_handed_out_before_the_rights_on_their_counts_are_settled(provisioned: Provisioned) -> None:
    # given a pack, and the migration that counts packs without what comes after all migrations
    as_owner = on_asyncpg(provisioned.url(owner_of("checkin"), "checkin"))
    await asyncio.to_thread(downgrade, as_owner, "checkin", "0010")
    own = await provisioned.connect("checkin", "checkin")
    owner = await provisioned.connect(owner_of("checkin"), "checkin")
    try:
        await own.execute(_PACK)
        await asyncio.to_thread(command.upgrade, configuration("checkin", as_owner), "0011")
        assert not await own.fetchval("SELECT has_table_privilege('pack_counts', 'INSERT')")

        # when the service goes on
        for statement in (_HAND_OUT, _UNDO, _HAND_OUT, _CANCEL):
            await own.execute(statement)

        # then all is counted
        assert [tuple(row) for row in await owner.fetch(_COUNTS)] == [(1, 0, 1)]
    finally:
        await own.close()
        await owner.close()
