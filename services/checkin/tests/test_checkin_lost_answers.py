"""Answers when the database fails after it has stored something."""

from typing import Any

import pytest
from chassis.auth.signing import SigningKeys
from checkin.stations.rules import MAX_FAILURES

from .checkin_driver import WRONG_PIN, CheckinDriver


async def _gone(*_: Any, **__: Any) -> Any:
    raise ConnectionRefusedError


async def test_a_login_that_is_stored_but_gets_no_token_has_an_unknown_outcome(
    driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    station_id = await driver.open_station()
    monkeypatch.setattr(SigningKeys, "current", _gone)

    answer = await driver.try_log_in(station_id)

    assert (answer.status, answer.code) == (503, "outcome_unknown")
    assert len(await driver.rows("SELECT 1 FROM devices")) == 1


async def test_a_failed_attempt_that_locks_the_station_but_is_not_audited_has_an_unknown_outcome(
    driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    station_id = await driver.open_station()
    for _ in range(MAX_FAILURES - 1):
        await driver.try_log_in(station_id, WRONG_PIN)
    monkeypatch.setattr("chassis.database.UnitOfWork.audit", _gone)

    answer = await driver.try_log_in(station_id, WRONG_PIN)

    assert (answer.status, answer.code) == (503, "outcome_unknown")
    assert len(await driver.rows("SELECT 1 FROM stations WHERE locked_at IS NOT NULL")) == 1
