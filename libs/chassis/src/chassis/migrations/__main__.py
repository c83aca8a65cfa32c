"""`python -m chassis.migrations <service>`: bring a service's database up to date, with the service's own settings."""

import sys

from chassis.migrations import upgrade
from chassis.settings import ServiceSettings, load
from chassis.telemetry import configure_logging

settings = load(ServiceSettings)
configure_logging(settings.log_level)
upgrade(settings.database_url, sys.argv[1])
