"""`python -m chassis.worker <service>`: run the worker of a service until a signal stops it."""

import sys

from chassis.service import service_of

service_of(sys.argv[1]).run_worker()
