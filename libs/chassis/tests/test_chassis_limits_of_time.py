"""Limits of time that must keep an order among themselves, and are set in different places."""

from datetime import timedelta

import pytest
from chassis.auth.access import peek, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import KeyRing, issue
from chassis.clock import SKEW
from chassis.database import _connect_args
from chassis.errors import ExpiredToken
from chassis.health import LATE_OUTBOX_SECONDS, LATE_RETRY_SECONDS
from chassis.relay import LONGEST_WAIT_SECONDS as LONGEST_WAIT_TO_PUBLISH
from chassis.retries import LONGEST_WAIT_SECONDS as LONGEST_WAIT_TO_RETRY
from chassis.secrets import SecretBox, new_key
from chassis.skew import _TOLERANCE
from chassis.tables import LEASE_SECONDS
from chassis.worker import Periodic
from testkit.clocks import StoppedClock
from testkit.example.service import Connect
from testkit.example.tables import signing_keys

LIFETIME = timedelta(minutes=5)


def _seconds(setting: str) -> float:
    return float(_connect_args("test")["server_settings"][setting].removesuffix("s"))


def test_the_database_gives_up_before_the_driver_and_a_round_of_a_job_after_both() -> None:
    """A driver that gave up first would break the connection, and its error would pass for a database that is down."""
    lock, statement = _seconds("lock_timeout"), _seconds("statement_timeout")
    driver = _connect_args("test")["command_timeout"]
    shortest_round = Periodic("any", timedelta(seconds=1), _nothing).limit_seconds

    assert lock < statement < driver < shortest_round


async def _nothing() -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("late", "wait"), [(LATE_OUTBOX_SECONDS, LONGEST_WAIT_TO_PUBLISH), (LATE_RETRY_SECONDS, LONGEST_WAIT_TO_RETRY)]
)
def test_what_waits_for_its_next_try_is_neither_late_nor_from_the_future(late: float, wait: float) -> None:
    assert wait <= late
    assert timedelta(seconds=LEASE_SECONDS) < _TOLERANCE


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


async def test_a_key_that_a_process_still_signs_with_verifies_until_the_last_of_these_tokens_has_ended(
    url: str, connect: Connect, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks for a new key now and then, and verifiers take a token for longer than it says, as clocks differ."""
    box = SecretBox([new_key()])
    rotating, signing = (
        SigningKeys(connect(url, clock=clock), signing_keys, box, token_lifetime=LIFETIME) for _ in range(2)
    )
    old = await signing.current()
    clock.advance(timedelta(milliseconds=1))
    await rotating.rotate()
    clock.advance(timedelta(seconds=29))
    assert (await signing.current()).kid == old.kid, "it has not looked again yet"
    made = issue(
        old, kind=TokenKind.STAFF, issuer="startline.identity", subject="x", now=clock(), lifetime=LIFETIME
    ).token

    clock.advance(LIFETIME + SKEW - timedelta(seconds=1))

    _on(clock, monkeypatch)
    verifier = staff_verifier(KeyRing(rotating.public))
    assert (await verifier.verify(made, peek(made)))["sub"] == "x"
    clock.advance(timedelta(seconds=2))
    with pytest.raises(ExpiredToken):
        await verifier.verify(made, peek(made))


def _on(clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the library that checks claims read that clock."""
    monkeypatch.setattr("time.time", lambda: clock().timestamp())
