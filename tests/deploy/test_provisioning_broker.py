"""Users of the broker that reach one service's queues and nothing else."""

import re

import pytest
from contracts.topology import SUBSCRIPTIONS, Names
from standalone.provisioning.broker import permissions


@pytest.mark.parametrize("service", SUBSCRIPTIONS)
def test_a_user_reaches_its_own_queues_and_the_shared_exchange(service: str) -> None:
    names = Names()
    allowed = permissions(service, names)
    everything = {names.exchange, names.dead_exchange, "amq.default", "registrationXevents"} | {
        queue for each in SUBSCRIPTIONS for queue in (names.queue(each), names.dead_queue(each))
    }

    def reached(what: str) -> set[str]:
        return {name for name in everything if re.search(allowed[what], name)}

    assert reached("configure") == set()
    assert reached("write") == {names.exchange}
    assert reached("read") == {names.queue(service), names.dead_queue(service)}


def test_a_service_that_hears_nothing_may_publish_and_read_no_queue() -> None:
    assert "identity" not in SUBSCRIPTIONS
    assert permissions("identity", Names()) == {"configure": "^$", "write": r"^startline\.events$", "read": "^$"}
