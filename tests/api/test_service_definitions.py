"""Each service is defined once, and the definition is whole."""

from typing import Any

import pytest
from chassis.service import Service, service_of
from standalone.services import SERVICES, service_named


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
def service(request: pytest.FixtureRequest) -> Service[Any]:
    found: Service[Any] = request.param
    return found


def test_a_service_is_found_by_the_name_of_its_package(service: Service[Any]) -> None:
    assert service_of(service.name) is service is service_named(service.name)
    assert service.settings.__module__ == f"{service.name}.settings"
    assert service.path == f"/api/{service.name}"


def test_the_handlers_of_a_service_are_exactly_its_subscriptions(service: Service[Any]) -> None:
    assert service.handlers.kinds == {(payload.TYPE, payload.VERSION) for payload in service.subscriptions}


def test_the_doctor_reads_tables_that_the_service_has(service: Service[Any]) -> None:
    assert set(service.doctor_reads) <= service.tables.metadata.tables.keys()


def test_a_name_that_no_service_has_is_refused() -> None:
    with pytest.raises(LookupError):
        service_named("kitchen")
