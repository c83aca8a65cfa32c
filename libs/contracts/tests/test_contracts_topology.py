"""Who hears what, and under which names."""

from contracts import (
    ParticipantCheckedIn,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    QueueMark,
    RegistrationConfirmed,
    RegistrationCreated,
)
from contracts.envelope import registered
from contracts.topology import SUBSCRIPTIONS, Names, binding_keys, is_known, routing_key, subscribers_of


def test_services_listen_only_to_events_that_exist() -> None:
    heard = {kind for kinds in SUBSCRIPTIONS.values() for kind in kinds}

    assert heard <= set(registered())
    assert all(len(kinds) == len(set(kinds)) for kinds in SUBSCRIPTIONS.values())


def test_a_created_registration_is_heard_by_those_who_bill_and_those_who_write() -> None:
    assert subscribers_of(RegistrationCreated.TYPE) == ("payment", "notification")
    assert subscribers_of(RegistrationConfirmed.TYPE) == ("notification", "checkin")


def test_what_payment_decides_is_heard_by_registration() -> None:
    for kind in (PaymentUploaded, PaymentVerified, PaymentRejected):
        assert "registration" in subscribers_of(kind.TYPE)


def test_an_event_may_have_no_listener() -> None:
    assert subscribers_of(ParticipantCheckedIn.TYPE) == ()
    assert subscribers_of("nothing.like_this") == ()


def test_no_service_hears_itself_but_for_its_mark() -> None:
    words = {"registration": "registration.", "payment": "payment.", "notification": "notification."}

    for service, kinds in SUBSCRIPTIONS.items():
        own = [kind for kind in kinds if kind.TYPE.startswith(words.get(service, "participant."))]
        assert own == ([QueueMark] if service == "registration" else [])


def test_the_names_on_the_broker_are_fixed_for_others_look_them_up() -> None:
    names = Names()

    assert (names.exchange, names.dead_exchange) == ("startline.events", "startline.dead")
    assert (names.queue("payment"), names.dead_queue("payment")) == ("payment.events", "payment.dead")


def test_each_listener_has_a_copy_of_its_own_to_be_reached_by() -> None:
    assert routing_key(RegistrationCreated.TYPE, "payment") == "to.payment.registration.created"
    assert "to.payment.#" in binding_keys("payment")
    assert not any(key.startswith("to.payment") for key in binding_keys("notification"))
    assert {kind.TYPE for kind in SUBSCRIPTIONS["payment"]} < set(binding_keys("payment"))


def test_an_event_of_a_newer_release_is_not_known() -> None:
    assert is_known(RegistrationCreated.TYPE)
    assert not is_known("registration.transferred")


def test_a_prefix_keeps_two_platforms_on_one_broker_apart() -> None:
    one, other = Names("jakarta."), Names("bandung.")

    def every(names: Names) -> set[str]:
        queues = {name for service in SUBSCRIPTIONS for name in (names.queue(service), names.dead_queue(service))}
        return {names.exchange, names.dead_exchange, *queues}

    assert not every(one) & every(other)
    assert all(name.startswith("jakarta.") for name in every(one))
