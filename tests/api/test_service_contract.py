"""What every service must do, for each of them."""

import pytest
from standalone.services import SERVICES
from testkit.contract import ServiceContract


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
class TestEveryService(ServiceContract):
    """The contract, for all services of the platform."""
