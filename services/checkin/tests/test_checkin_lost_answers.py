"""What is answered when the database goes away after it has stored something."""

from typing import Any

import pytest
from chassis.auth.signing import SigningKeys
from checkin.stations.rules import MAX_FAILURES

from .checkin_world import PackDay

WRONG = "528307"


async def _gone(*_: Any, **__: Any) -> Any:
    raise ConnectionRefusedError


async def test_a_device_that_is_logged_in_but_gets_no_token_is_not_told_that_nothing_was_stored(
    day: PackDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    station_id = await day.station()
    monkeypatch.setattr(SigningKeys, "current", _gone)

    answer = await day.log_in(station_id)

    assert (answer.status, answer.code) == (503, "outcome_unknown")
    assert len(await day.rows("SELECT 1 FROM devices")) == 1


async def test_a_try_that_locked_the_station_is_not_said_to_have_left_nothing(
    day: PackDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    station_id = await day.station()
    for _ in range(MAX_FAILURES - 1):
        await day.log_in(station_id, WRONG)
    monkeypatch.setattr("chassis.database.UnitOfWork.audit", _gone)

    answer = await day.log_in(station_id, WRONG)

    assert (answer.status, answer.code) == (503, "outcome_unknown")
    assert len(await day.rows("SELECT 1 FROM stations WHERE locked_at IS NOT NULL")) == 1
