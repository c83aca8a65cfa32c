"""Only the word of the service that owns an event counts, whatever login sent it and over whatever transport."""

import re
from typing import Any
from uuid import uuid4

import pytest
from chassis.database import Database
from chassis.inbox import Inbox
from chassis.retries import ForgedDeadLetter, list_dead_letters, replay_dead_letter
from chassis.senders import ANY_SERVICE, NO_SENDER, UNSIGNED_BY, Refusal, Refused, require_owner
from chassis.transports import InProcessTransport
from chassis.transports.logins import Login
from chassis.worker import Worker
from contracts import Event, PaymentRejected
from contracts.envelope import registered
from contracts.ownership import OWNERS, owner_of, publishable
from contracts.topology import SUBSCRIPTIONS, routing_key
from prometheus_client import REGISTRY
from testkit.example.recording_listener import RecordingListener, message
from testkit.example.service import OWNER, SERVICE, cancelled, complete, effects, example_handlers, rows
from testkit.example.tables import service_tables
from testkit.golden import golden

KEY = "participant.checked_in"
UNOWNED = cancelled().model_copy(update={"type": "weather.changed"})


def refused(reason: Refusal) -> float:
    return REGISTRY.get_sample_value("startline_events_refused_total", {"service": SERVICE, "reason": reason}) or 0.0


def test_every_event_has_an_owner_who_may_publish_it_and_nobody_else_may() -> None:
    for payload in registered():
        if payload.__module__.startswith("contracts."):
            keys = [payload.TYPE, *(routing_key(payload.TYPE, listener) for listener in SUBSCRIPTIONS)]
            for service in {*OWNERS.values()}:
                may = [bool(re.match(publishable(service), key)) for key in keys]
                assert set(may) == {service == owner_of(payload.TYPE)}, (service, payload.TYPE)


@pytest.mark.parametrize("event_type", ["", "payment", ".verified", "payments.verified", "to.payment.payment.verified"])
def test_nobody_owns_what_only_looks_like_a_type(event_type: str) -> None:
    assert owner_of(event_type) is None


@pytest.mark.parametrize("sender", [OWNER, ANY_SERVICE])
def test_what_its_owner_sent_is_taken(sender: str) -> None:
    require_owner(cancelled().to_bytes(), sender)


@pytest.mark.parametrize(
    ("event", "sender", "refusal"),
    [
        (cancelled(), "checkin", Refusal.FORGED),
        (cancelled().model_copy(update={"source": "checkin"}), "checkin", Refusal.FORGED),
        (cancelled().model_copy(update={"source": "checkin"}), OWNER, Refusal.FORGED),
        (cancelled().model_copy(update={"source": "checkin"}), ANY_SERVICE, Refusal.FORGED),
        (cancelled(), NO_SENDER, Refusal.UNSIGNED),
        (cancelled(), f"{UNSIGNED_BY}{OWNER}", Refusal.UNSIGNED),
        (cancelled(), f"{UNSIGNED_BY}checkin", Refusal.FORGED),
        (cancelled(), f"{UNSIGNED_BY}nobody", Refusal.FORGED),
        (cancelled().model_copy(update={"source": "checkin"}), NO_SENDER, Refusal.FORGED),
        (UNOWNED, OWNER, Refusal.UNOWNED),
        (UNOWNED, ANY_SERVICE, Refusal.UNOWNED),
    ],
)
async def test_what_its_owner_did_not_send_reaches_no_handler_and_is_shown(
    database: Database, event: Event[Any], sender: str, refusal: Refusal
) -> None:
    inbox, before = Inbox(database, example_handlers()), refused(refusal)

    await inbox.deliver(event.to_bytes(), sender)

    assert await effects(database) == []
    assert await rows(database, service_tables.retries) == 0
    [shown] = await list_dead_letters(database)
    assert shown["failure_reason"] == refusal
    assert shown["headers"] == {"event_id": str(event.message_id), "event_type": event.type}
    assert refused(refusal) == before + 1


@pytest.mark.parametrize("body", [b"\x00\xff not an event", b"{}", b"", b"[" * 100_000])
async def test_what_is_no_event_reaches_no_handler_and_is_shown(database: Database, body: bytes) -> None:
    inbox, before = Inbox(database, example_handlers()), refused(Refusal.UNREADABLE)

    await inbox.deliver(body, OWNER)

    [shown] = await list_dead_letters(database)
    assert (shown["failure_reason"], shown["headers"]["event_type"]) == (Refusal.UNREADABLE, "unreadable")
    assert refused(Refusal.UNREADABLE) == before + 1


@pytest.mark.parametrize("strange", ["registration.\x00", "registration." + "x" * 5000, "registration.🦊"])
async def test_a_type_that_cannot_be_stored_is_kept_all_the_same(database: Database, strange: str) -> None:
    event = cancelled().model_copy(update={"type": strange})

    await Inbox(database, example_handlers()).deliver(event.to_bytes(), OWNER)

    [shown] = await list_dead_letters(database)
    assert (shown["failure_reason"], shown["headers"]["event_type"]) == (Refusal.UNREADABLE, "unreadable")


async def test_a_forged_event_cannot_be_replayed_an_unsigned_one_can(database: Database) -> None:
    inbox, forged, unsigned = Inbox(database, example_handlers()), cancelled(), cancelled()
    await inbox.deliver(forged.to_bytes(), "checkin")
    await inbox.deliver(unsigned.to_bytes(), NO_SENDER)
    first, second = [row["id"] for row in await list_dead_letters(database)]

    with pytest.raises(ForgedDeadLetter):
        await replay_dead_letter(database, first, by="staff:1")
    await replay_dead_letter(database, second, by="staff:1")

    assert [row["id"] for row in await list_dead_letters(database)] == [first]
    assert await rows(database, service_tables.retries) == 1


async def test_what_the_crash_guard_put_aside_is_judged_too(database: Database) -> None:
    inbox = Inbox(database, example_handlers())

    await inbox.retry_alone(cancelled().to_bytes(), "checkin")
    await inbox.retry_alone(cancelled().to_bytes(), OWNER)

    listed = await list_dead_letters(database)
    assert [row["failure_reason"] for row in listed] == [Refusal.FORGED]
    assert await rows(database, service_tables.retries) == 1


async def test_a_service_cannot_even_write_down_what_another_owns(database: Database) -> None:
    async with database.work() as work:
        with pytest.raises(TypeError, match=r"payment does not own registration\.cancelled"):
            work.publish(cancelled().payload, subject=uuid4())
        work.publish(golden(PaymentRejected).payload, subject=uuid4())


async def test_in_one_process_a_forged_event_is_refused_likewise(database: Database) -> None:
    transport = InProcessTransport()
    worker = Worker(database, transport, complete(example_handlers()))
    for other in SUBSCRIPTIONS.keys() - {SERVICE}:
        RecordingListener().at(transport, other)
    await transport.start()
    forged, real = cancelled().model_copy(update={"source": "checkin"}), cancelled()

    await transport.publish(message(forged))
    await transport.publish(message(real))

    assert worker.database is database
    assert await effects(database) == [real.message_id]
    [shown] = await list_dead_letters(database)
    assert shown["failure_reason"] == Refusal.FORGED
    await transport.stop()


def test_a_login_named_like_a_service_tells_all_apart() -> None:
    login = Login("amqp://payment:secret@broker/startline")

    assert [login.sender(user, KEY) for user in ("registration", "payment", "guest", None)] == [
        "registration",
        "payment",
        "guest",
        "unsigned:checkin",
    ]


def test_a_login_that_all_share_stands_for_everybody() -> None:
    login = Login("amqp://startline%40work:secret@broker/startline")

    found = [login.sender(user, KEY) for user in ("startline@work", "checkin", None)]
    assert found == [ANY_SERVICE, "checkin", "unsigned:checkin"]
    assert Login("amqp://broker").sender("guest", KEY) == ANY_SERVICE


def test_unsigned_events_are_taken_only_while_that_is_asked_for() -> None:
    login = Login("amqp://payment:secret@broker", unsigned=True)

    assert login.sender(None, KEY) == "checkin", "whoever may publish under the key"
    assert login.sender(None, "to.registration.participant.checked_in") == "checkin"
    assert login.sender("payment", KEY) == "payment"


@pytest.mark.parametrize("key", ["", "registration", "weather.changed", "to.registration.weather.changed", "to.x"])
def test_an_unsigned_event_under_a_key_that_nobody_owns_is_nobodys(key: str) -> None:
    for unsigned in (False, True):
        with pytest.raises(Refused) as refused:
            require_owner(cancelled().to_bytes(), Login("amqp://payment@broker", unsigned=unsigned).sender(None, key))
        assert refused.value.refusal is Refusal.FORGED


async def test_an_event_that_names_another_source_is_not_replayed_whatever_it_was_refused_for(
    database: Database,
) -> None:
    body = cancelled().model_copy(update={"source": "checkin"}).to_bytes()
    await Inbox(database, example_handlers()).give_up(body, Refusal.UNSIGNED, "as an older release judged it")
    [shown] = await list_dead_letters(database)

    with pytest.raises(ForgedDeadLetter):
        await replay_dead_letter(database, shown["id"], by="staff:1")
